import { mirroredPull } from '../fetch/mirror-conf.ts';
import { writeMirrorHome } from '../fetch/mirror-home.ts';
import type { MirrorHooks, MirrorImage } from '../fetch/mirror-image.ts';
import type { LoopbackMirror } from '../fetch/loopback-mirror.ts';
import type { PullOptions } from '../model/definition.ts';
import { asFailure, Failure } from '../model/failure.ts';
import { importImage, type ImportOptions } from '../store/import-image.ts';
import { privateFolder } from '../store/private-folder.ts';
import { sourceOf } from './import-pull.ts';
import type { Pull } from './make-plan.ts';
import { runRoot } from './run-root.ts';

/**
 * Has skopeo import one image through the mirror.
 * @throws Failure of what the mirror could not give, else of `importImage`, with the repository's name in place of the mirror's
 */
export async function importMirrored(
  pull: Pull,
  pullOptions: PullOptions,
  image: MirrorImage,
  { serve }: Pick<LoopbackMirror, 'serve'>,
  storePath: string,
  options: ImportOptions & Pick<MirrorHooks, 'onAllowed'>,
): Promise<void> {
  const { reference, storeName } = pull.want;
  const { onAllowed, ...importOptions } = options;
  let behind: Failure | undefined;
  const onFailure = (failure: Failure): void => {
    behind = failure;
  };
  using served = serve(image, { onFailure, ...(onAllowed === undefined ? {} : { onAllowed }) });
  const root = await runRoot();
  await using home = await privateFolder(root);
  const env = await writeMirrorHome(home.path, image, served);
  // By its tag: policy.json may have a scope for it.
  const tag = reference.digest === undefined ? { tag: reference.tag ?? 'latest' } : {};
  const request = {
    storePath,
    runRoot: root,
    source: { ...sourceOf(pull), ...tag },
    name: storeName,
    pull: mirroredPull(pullOptions),
    env,
  };
  try {
    await importImage(request, importOptions);
  } catch (error) {
    const failure = asFailure(error);
    // skopeo's own words say less.
    if (behind !== undefined && failure.code !== 'Cancelled') throw behind;
    throw withoutMirror(failure, served.location, `${reference.domain}/${reference.path}`);
  }
}

function withoutMirror(failure: Failure, location: string, repository: string): Failure {
  if (!failure.message.includes(location)) return failure;
  return new Failure(failure.code, failure.message.replaceAll(location, repository), { cause: failure });
}
