import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blobName } from '../bundle/layout-blobs.ts';
import { type Digest, digestParts } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import { classifySkopeo } from '../store/classify-skopeo.ts';
import { runProgram } from '../system/run-program.ts';

/** One manifest that is to be pushed. */
export interface PushedManifest {
  readonly digest: Digest;
  /** Of an image; an index goes alone, after what it names. */
  readonly blobs?: readonly Digest[];
  /** `REGISTRY/REPOSITORY:TAG` or `@DIGEST` */
  readonly to: string;
  /** Where the registry has it already, which then moves no bytes: `REGISTRY/REPOSITORY`. */
  readonly from?: string;
}

/**
 * Has skopeo push a manifest as it is, with its blobs, out of a layout or from repository to repository.
 * @throws Failure of skopeo's reasons
 */
export async function pushManifest(
  { digest, blobs, to, from }: PushedManifest,
  layoutPath: string,
  authFile: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const folder = await mkdtemp(join(layoutPath, '.push-'));
  try {
    if (from === undefined) await makeDir(folder, layoutPath, digest, blobs ?? []);
    const argv = [
      // policy.json judges what may run here, and nothing will; what came was held against its digests.
      '--insecure-policy',
      'copy',
      '--quiet',
      '--preserve-digests',
      ...(blobs === undefined ? ['--multi-arch=index-only'] : []),
      ...(authFile === undefined ? [] : [`--authfile=${authFile}`]),
      '--',
      from === undefined ? `dir:${folder}` : `docker://${from}@${digest}`,
      `docker://${to}`,
    ];
    const { exitCode, stderr } = await runProgram('skopeo', argv, { signal });
    if (exitCode === 0) return;
    const { code, text } = classifySkopeo(stderr);
    throw new Failure(code, `${to}: ${text}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A manifest and its blobs as containers/image's `dir:` has them: out of a layout skopeo takes nothing of Docker's format. */
async function makeDir(
  folder: string,
  layoutPath: string,
  digest: Digest,
  blobs: readonly Digest[],
): Promise<void> {
  await writeFile(join(folder, 'version'), 'Directory Transport Version: 1.1\n');
  await symlink(join(layoutPath, blobName(digest)), join(folder, 'manifest.json'));
  for (const blob of new Set(blobs)) {
    const { algorithm, hex } = digestParts(blob);
    const name = algorithm === 'sha256' ? hex : `${algorithm}-${hex}`;
    await symlink(join(layoutPath, blobName(blob)), join(folder, name));
  }
}
