import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { array, object, optional, safeParse, string, type GenericSchema, type InferOutput } from 'valibot';
import { asDigest, type Digest, digestParts } from '../model/digest.ts';
import { findByName, type Inventory, type StoredImage, type StoredLayer } from '../model/inventory.ts';
import { bigDataFile, imagesFolder, layerFolder } from './layout.ts';

export type Verification =
  | { readonly kind: 'present'; readonly image: StoredImage }
  | { readonly kind: 'missing' }
  /** Each thing that is wrong, named; and the ids of the layers that are not whole. */
  | {
      readonly kind: 'damaged';
      readonly image: StoredImage;
      readonly what: readonly string[];
      readonly layers: readonly string[];
    }
  /** An image with another digest has the name. */
  | { readonly kind: 'mismatch'; readonly image: StoredImage; readonly expected: Digest };

const manifestSchema = object({ config: optional(object({ digest: string() })) });
const configSchema = object({ rootfs: object({ diff_ids: array(string()) }) });

/** containers/image takes no manifest above 4 MiB; a config with a long history may be larger. */
const dataLimitBytes = 16 * 1024 * 1024;

/**
 * Whether the image of a name is there and whole as far as can be told without reading its layers: its manifests and config have
 * the digests they are kept under, the config's layers are those of the store, and each layer has what its driver needs.
 * @throws what readFile throws but for a file that is gone
 */
export async function verifyStored(
  inventory: Inventory,
  name: string,
  expected: Digest | undefined,
): Promise<Verification> {
  const image = findByName(inventory, name);
  if (image === undefined) return { kind: 'missing' };
  const faults = await Promise.all(image.layers.map((layer) => layerFaults(inventory, layer)));
  const what = [...image.missing, ...faults.flat(), ...(await dataFaults(inventory, image))];
  if (what.length > 0) {
    const broken = image.layers.filter(
      ({ folderMissing, incomplete }, index) => folderMissing || incomplete || faults[index]?.length !== 0,
    );
    return { kind: 'damaged', image, what, layers: broken.map(({ id }) => id) };
  }
  if (expected !== undefined && !image.digests.includes(expected))
    return { kind: 'mismatch', image, expected };
  return { kind: 'present', image };
}

/** Files of an overlay layer: drivers/overlay/overlay.go. An empty one is what a power cut leaves. */
async function layerFaults({ storePath, driver }: Inventory, layer: StoredLayer): Promise<string[]> {
  const folder = layerFolder(driver);
  // Those that are gone or incomplete are in `missing` already.
  if (driver !== 'overlay' || folder === undefined || layer.folderMissing || layer.incomplete) return [];
  const of = (name: string): string => join(storePath, folder, layer.id, name);
  const files = layer.parent === undefined ? ['link'] : ['link', 'lower'];
  const sizes = await Promise.all(files.map((name) => fileSize(of(name))));
  const faults = files
    .filter((_, index) => (sizes[index] ?? 0) === 0)
    .map((name) => `its file "${name}" is gone or empty`);
  const isFolder = await stat(of('diff')).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) faults.push('its folder "diff" is gone');
  return faults.map((fault) => `layer ${layer.id}: ${fault}`);
}

async function dataFaults({ storePath, driver }: Inventory, image: StoredImage): Promise<string[]> {
  const read = (key: string): Promise<Buffer | undefined> =>
    readWhole(join(storePath, imagesFolder(driver), image.id, bigDataFile(key)));
  const manifest = await read('manifest');
  if (manifest === undefined) return ['manifest: its file is gone, empty or far too large'];
  const manifestDigest = digestOf(manifest);
  if (!image.digests.includes(manifestDigest))
    return [`manifest: its content is ${manifestDigest}, which is not the image's`];
  const kept = await Promise.all(
    image.digests.map(async (digest) => {
      const content = await read(`manifest-${digest}`);
      // An image of before 2019, and one that a tool other than c/image wrote, has its manifest once only.
      const whole = content === undefined ? digest === manifestDigest : hasDigest(content, digest);
      return whole ? [] : [`manifest ${digest}: its file is gone or has another content`];
    }),
  );
  return [
    ...kept.flat(),
    ...(await configFaults(parsed(manifestSchema, manifest)?.config?.digest, image, read)),
  ];
}

async function configFaults(
  key: string | undefined,
  image: StoredImage,
  read: (key: string) => Promise<Buffer | undefined>,
): Promise<string[]> {
  const digest = asDigest(key);
  if (digest === undefined) return ['manifest: it names no config'];
  const content = await read(digest);
  if (content === undefined || !hasDigest(content, digest))
    return [`config ${digest}: its file is gone or has another content`];
  const diffIds = parsed(configSchema, content)?.rootfs.diff_ids;
  if (diffIds === undefined) return [`config ${digest}: it lists no layers`];
  // Where the chain breaks off, that is in `missing` already.
  if (image.missing.length > 0) return [];
  const same =
    diffIds.length === image.layers.length &&
    image.layers.every(({ diffDigest }, index) => diffDigest === undefined || diffDigest === diffIds[index]);
  return same ? [] : [`config ${digest}: its layers are not those that the store has for the image`];
}

function parsed<Schema extends GenericSchema>(
  schema: Schema,
  content: Buffer,
): InferOutput<Schema> | undefined {
  try {
    const result = safeParse(schema, JSON.parse(content.toString('utf8')));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}

function hasDigest(content: Buffer, digest: Digest): boolean {
  const { algorithm, hex } = digestParts(digest);
  return createHash(algorithm).update(content).digest('hex') === hex;
}

function digestOf(content: Buffer): Digest {
  return `sha256:${createHash('sha256').update(content).digest('hex')}` as Digest;
}

async function readWhole(path: string): Promise<Buffer | undefined> {
  const sizeBytes = await fileSize(path);
  return sizeBytes === 0 || sizeBytes > dataLimitBytes ? undefined : readFile(path);
}

/** 0 where there is no such file. */
async function fileSize(path: string): Promise<number> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? stats.size : 0;
  } catch {
    return 0;
  }
}
