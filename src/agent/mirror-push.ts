import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { blobName } from '../bundle/layout-blobs.ts';
import { setTag } from '../bundle/layout-index.ts';
import { mirroredPath, mirroredTag, type RegistryPlace } from '../bundle/mirror-names.ts';
import type { PullOptions } from '../model/definition.ts';
import { type Digest, digestParts } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Reference } from '../model/reference.ts';
import type { Registry } from '../registry/registry.ts';
import { classifySkopeo } from '../store/classify-skopeo.ts';
import { runProgram } from '../system/run-program.ts';
import type { SetBlob } from './mirror-fetch.ts';
import type { Collected } from './mirror-plan.ts';

/** A registry that is mirrored to. */
export interface PushTarget {
  readonly place: RegistryPlace;
  readonly registry: Registry;
  /** For it, and for it alone where it has a login. */
  readonly authFile: string | undefined;
}

const asksAtOnce = 6;

/** Where an image of a set comes to lie. */
export function placeOf({ place }: PushTarget, { reference }: Collected): Reference {
  const path = mirroredPath(place, reference);
  return { text: `${place.domain}/${path}`, domain: place.domain, path };
}

export function tagOf({ role, reference, top }: Collected, tag: string): string {
  return role === 'os' ? tag : mirroredTag(reference, top.digest);
}

/** Blobs of a set that the repository they belong to lacks. */
export async function missingAt(
  target: PushTarget,
  blobs: readonly SetBlob[],
  signal: AbortSignal,
): Promise<SetBlob[]> {
  const limit = pLimit(asksAtOnce);
  const options = { range: { offset: 0, lengthBytes: 1 }, pull: pullOf(target), signal };
  const missing = await Promise.all(
    blobs.map((each) =>
      limit(async () => {
        if (each.blob.sizeBytes === 0) return [];
        try {
          // One byte of it: whether it is there is all that is asked.
          (await target.registry.blob(placeOf(target, each.of), each.blob, options)).destroy();
          return [];
        } catch (error) {
          if (error instanceof Failure && error.code === 'NotFound') return [each];
          throw error;
        }
      }),
    ),
  );
  return missing.flat();
}

/**
 * Pushes a set with skopeo, digests unchanged: every image into its repository, and all of them, where registries look for what an
 * index names, into that of the OS image. Tags come last.
 * @param layoutPath has all blobs that the registry lacks, and `setDigest`
 * @throws Failure of skopeo's reasons
 */
export async function pushSet(
  target: PushTarget,
  layoutPath: string,
  set: readonly Collected[],
  setDigest: Digest,
  tag: string,
  signal: AbortSignal,
): Promise<void> {
  const [os] = set;
  if (os === undefined) return;
  const osPlace = placeOf(target, os);
  const push = pusher(target, layoutPath, signal);
  // The OS image's own tag is what hosts follow: when it moves, everything that it binds is there.
  for (const image of [...set.slice(1), os]) {
    const at = placeOf(target, image);
    for (const place of at.path === osPlace.path ? [at] : [at, osPlace])
      // What an index names has to be there before it.
      for (const { digest } of image.manifests.toReversed()) {
        if (await has(target, { ...place, digest }, signal)) continue;
        const raw = image.images.find(({ manifest }) => manifest.digest === digest);
        const blobs = raw === undefined ? undefined : [raw.manifest.config, ...raw.manifest.layers];
        const source = place === at ? undefined : `docker://${at.text}@${digest}`;
        await push(
          digest,
          blobs?.map((blob) => blob.digest),
          `${place.text}@${digest}`,
          source,
        );
      }
    const name = tagOf(image, tag);
    const isIndex = image.images.every(({ manifest }) => manifest.digest !== image.top.digest);
    if ((await digestAt(target, { ...at, tag: name }, signal)) === image.top.digest) continue;
    await push(
      image.top.digest,
      isIndex ? undefined : [],
      `${at.text}:${name}`,
      `docker://${at.text}@${image.top.digest}`,
    );
  }
  await push(setDigest, undefined, `${osPlace.text}:${setTag(tag)}`);
  const tags = set.map((image) => ({
    place: placeOf(target, image),
    name: tagOf(image, tag),
    digest: image.top.digest,
  }));
  for (const { place, name, digest } of [...tags, { place: osPlace, name: setTag(tag), digest: setDigest }])
    if ((await digestAt(target, { ...place, tag: name }, signal)) !== digest)
      throw new Failure('DigestMismatch', `${place.text}:${name} is not ${digest}, which was just pushed`);
}

/** @returns the digest that a registry gives a tag; undefined where it has none */
export async function digestAt(
  target: PushTarget,
  reference: Reference,
  signal: AbortSignal,
): Promise<Digest | undefined> {
  const pull = pullOf(target);
  try {
    return (await target.registry.manifest(reference, { pull, signal })).digest;
  } catch (error) {
    if (error instanceof Failure && error.code === 'NotFound') return undefined;
    throw error;
  }
}

async function has(target: PushTarget, reference: Reference, signal: AbortSignal): Promise<boolean> {
  return (await digestAt(target, reference, signal)) !== undefined;
}

function pullOf({ authFile }: PushTarget): PullOptions {
  return authFile === undefined ? {} : { authFile };
}

/**
 * @returns a function that pushes one manifest; `blobs` of an image, none of an index, which goes alone. From the layout, or from
 * where it is in the registry already, which then moves no bytes.
 */
function pusher({ authFile }: PushTarget, layoutPath: string, signal: AbortSignal) {
  return async (
    digest: Digest,
    blobs: readonly Digest[] | undefined,
    to: string,
    from?: string,
  ): Promise<void> => {
    const folder = await mkdtemp(join(layoutPath, '.push-'));
    try {
      const source = from ?? (await dirOf(folder, layoutPath, digest, blobs ?? []));
      const { exitCode, stderr } = await runProgram(
        'skopeo',
        [
          // policy.json judges what may run here, and nothing will; what came was held against its digests.
          '--insecure-policy',
          'copy',
          '--quiet',
          '--preserve-digests',
          ...(blobs === undefined ? ['--multi-arch=index-only'] : []),
          ...(authFile === undefined ? [] : [`--authfile=${authFile}`]),
          '--',
          source,
          `docker://${to}`,
        ],
        { signal },
      );
      if (exitCode === 0) return;
      const { code, text } = classifySkopeo(stderr);
      throw new Failure(code, `${to}: ${text}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

/** A manifest and its blobs as containers/image's `dir:` has them: out of a layout skopeo takes nothing of Docker's format. */
async function dirOf(
  folder: string,
  layoutPath: string,
  digest: Digest,
  blobs: readonly Digest[],
): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'version'), 'Directory Transport Version: 1.1\n');
  await symlink(join(layoutPath, blobName(digest)), join(folder, 'manifest.json'));
  for (const blob of new Set(blobs)) {
    const { algorithm, hex } = digestParts(blob);
    const name = algorithm === 'sha256' ? hex : `${algorithm}-${hex}`;
    await symlink(join(layoutPath, blobName(blob)), join(folder, name));
  }
  return `dir:${folder}`;
}
