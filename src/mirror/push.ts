import pLimit from 'p-limit';
import { setTag } from '../bundle/layout-index.ts';
import { mirroredPath, mirroredTag, type RegistryPlace } from '../bundle/mirror-names.ts';
import type { PullOptions } from '../model/definition.ts';
import type { Digest } from '../model/digest.ts';
import { asFailure, Failure } from '../model/failure.ts';
import type { Reference } from '../model/reference.ts';
import type { Registry } from '../registry/registry.ts';
import type { SetBlob } from './fetch.ts';
import type { Collected } from './plan.ts';
import { type PushedManifest, pushManifest } from './skopeo.ts';

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
 * index names, into that of the OS image. Tags come last, and are then asked for.
 * @param layoutPath has all blobs that the registry lacks, and `setDigest`
 * @throws Failure of skopeo's reasons, `DigestMismatch`
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
  const push: Push = (manifest) => pushManifest(manifest, layoutPath, target.authFile, signal);
  const isAt = async (place: Reference, digest: Digest): Promise<boolean> =>
    (await digestAt(target, place, signal)) === digest;
  const pushTag = async (
    place: Reference,
    name: string,
    digest: Digest,
    manifest: PushedManifest,
  ): Promise<void> => {
    if (!(await isAt({ ...place, tag: name }, digest))) await push(manifest);
    if (!(await isAt({ ...place, tag: name }, digest)))
      throw new Failure('DigestMismatch', `${place.text}:${name} is not ${digest}, which was just pushed`);
  };
  // The OS image's own tag is what hosts follow: when it moves, everything that it binds is there.
  for (const image of [...set.slice(1), os]) {
    const at = placeOf(target, image);
    await pushImage(image, at, undefined, push, isAt);
    if (at.path !== osPlace.path) await pushImage(image, osPlace, at.text, push, isAt);
    const { digest } = image.top;
    const to = `${at.text}:${tagOf(image, tag)}`;
    await pushTag(at, tagOf(image, tag), digest, { ...blobsIn(image, digest), digest, to, from: at.text });
  }
  const to = `${osPlace.text}:${setTag(tag)}`;
  await pushTag(osPlace, setTag(tag), setDigest, { digest: setDigest, to });
}

type Push = (manifest: PushedManifest) => Promise<void>;

/** @param from the repository of the same registry that has it; none for the layout */
async function pushImage(
  image: Collected,
  place: Reference,
  from: string | undefined,
  push: Push,
  isAt: (place: Reference, digest: Digest) => Promise<boolean>,
): Promise<void> {
  const source = from === undefined ? {} : { from };
  // What an index names has to be there before it.
  for (const { digest } of image.manifests.toReversed()) {
    if (await isAt({ ...place, digest }, digest)) continue;
    const to = `${place.text}@${digest}`;
    const isLast = digest === image.top.digest;
    await push({ ...blobsIn(image, digest), ...source, digest, to }).catch((error: unknown) => {
      const { code, message } = asFailure(error);
      if (!isLast || !isSparse(image)) throw error;
      throw new Failure(
        code,
        `${message}; it lacks images of other architectures, which this registry seems to refuse: leave --arch out`,
        { cause: error },
      );
    });
  }
}

function blobsIn({ images }: Collected, digest: Digest): { blobs?: readonly Digest[] } {
  const image = images.find(({ manifest }) => manifest.digest === digest)?.manifest;
  return image === undefined ? {} : { blobs: [image.config, ...image.layers].map((blob) => blob.digest) };
}

/** Not all that the index names was mirrored. */
function isSparse({ top, manifests }: Collected): boolean {
  const { manifests: named } = JSON.parse(top.bytes.toString('utf8')) as { manifests?: unknown[] | null };
  return (named?.length ?? 0) > manifests.length - 1;
}

/** @returns the digest that a registry gives a tag; undefined where it has none */
async function digestAt(
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

function pullOf({ authFile }: PushTarget): PullOptions {
  return authFile === undefined ? {} : { authFile };
}
