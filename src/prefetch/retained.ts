import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { ManifestBytes } from '../fetch/mirror-image.ts';
import { asDigest, type Digest } from '../model/digest.ts';
import type { Manifest } from '../model/manifest.ts';
import { parseManifest } from '../registry/parse-manifest.ts';
import { readSmallText } from '../system/read-small-text.ts';
import { writeFileWhole } from '../system/write-file.ts';
import type { Pull } from './make-plan.ts';

const digest = v.custom<Digest>((value) => asDigest(value) !== undefined);
const bytes = v.pipe(v.string(), v.base64());
const manifestBytes = v.object({ digest, mediaType: v.string(), base64: bytes });
const schema = v.object({ image: v.string(), manifest: manifestBytes, index: v.optional(manifestBytes) });
/** Two manifests of 4 MiB at most, in base64. */
const limitBytes = 12 * 1024 * 1024;

/** An image whose blobs stay in the cache, so that it can be brought again without network. */
export interface RetainedImage {
  /** The exact `Image=` string. */
  readonly image: string;
  readonly manifest: Manifest;
  readonly index?: ManifestBytes;
}

/** Says that the blobs of an image that was just imported are to stay. @throws what writing a file does */
export async function retain(
  cachePath: string,
  { want, manifest }: Pull,
  indexOf: (digest: Digest) => ManifestBytes | undefined,
): Promise<void> {
  const index = manifest.indexDigest === undefined ? undefined : indexOf(manifest.indexDigest);
  const encode = (each: ManifestBytes): v.InferOutput<typeof manifestBytes> => ({
    digest: each.digest,
    mediaType: each.mediaType,
    base64: each.bytes.toString('base64'),
  });
  const note = {
    image: want.image,
    manifest: encode(manifest),
    ...(index === undefined ? {} : { index: encode(index) }),
  };
  await writeFileWhole(pathOf(cachePath, want.image), JSON.stringify(note), { mode: 0o600 });
}

/** Every image that is retained; a note that cannot be read is none. */
export async function readRetained(cachePath: string): Promise<readonly RetainedImage[]> {
  const folder = join(cachePath, 'retained');
  const names = await readdir(folder).catch(() => []);
  const read = names
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .map(async (name) => readNote(join(folder, name)));
  return (await Promise.all(read)).filter((each) => each !== undefined);
}

export async function retainedIndexes(cachePath: string): Promise<readonly ManifestBytes[]> {
  return (await readRetained(cachePath)).flatMap(({ index }) => index ?? []);
}

/** Blobs that have to stay. */
export function digestsOf(images: readonly RetainedImage[]): ReadonlySet<Digest> {
  return new Set(
    images.flatMap(({ manifest }) => [manifest.config, ...manifest.layers]).map((blob) => blob.digest),
  );
}

/** Lets go of images that are not bound any more. */
export async function keepRetained(cachePath: string, isKept: (image: string) => boolean): Promise<void> {
  for (const { image } of await readRetained(cachePath))
    if (!isKept(image)) await rm(pathOf(cachePath, image), { force: true });
}

function pathOf(cachePath: string, image: string): string {
  return join(cachePath, 'retained', `${createHash('sha256').update(image).digest('hex')}.json`);
}

async function readNote(path: string): Promise<RetainedImage | undefined> {
  try {
    const note = v.parse(schema, JSON.parse((await readSmallText(path, limitBytes)) ?? ''));
    const decode = ({ base64, ...rest }: typeof note.manifest): ManifestBytes => ({
      ...rest,
      bytes: Buffer.from(base64, 'base64'),
    });
    const { bytes: found, digest: named, mediaType } = checked(decode(note.manifest));
    const parsed = parseManifest(found, named, mediaType, path);
    if (parsed.kind !== 'image') return undefined;
    if (note.index === undefined) return { image: note.image, manifest: parsed.manifest };
    const index = checked(decode(note.index));
    return { image: note.image, manifest: { ...parsed.manifest, indexDigest: index.digest }, index };
  } catch {
    return undefined;
  }
}

function checked(manifest: ManifestBytes): ManifestBytes {
  const [algorithm = '', hex] = manifest.digest.split(':');
  if (createHash(algorithm).update(manifest.bytes).digest('hex') !== hex) throw new Error('not its digest');
  return manifest;
}
