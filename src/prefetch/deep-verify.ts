import { createHash } from 'node:crypto';
import { streamReader } from '../contents/byte-reader.ts';
import { tarEntries } from '../contents/tar-entries.ts';
import { digestParts } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Inventory, StoredImage, StoredLayer } from '../model/inventory.ts';
import { compareFiles, type ExpectedFile, expectedFile } from '../store/deep-verify-files.ts';
import { layerPlace, layerTar } from '../store/layer-tar.ts';
import { readInventory } from '../store/read-inventory.ts';

/** What reading all of a layer has shown. */
export type LayerVerdict =
  | { readonly kind: 'whole' }
  | { readonly kind: 'damaged'; readonly what: readonly string[] }
  /** It could not be told, though nothing speaks against it. */
  | { readonly kind: 'unchecked'; readonly why: string };

/**
 * Reads the layers of images, each once however many share it, and holds them against their diff digests and recorded modes: a byte
 * that has changed, a file that is gone, another mode are found, a file too many is not. Nothing is written, and no more than a piece of
 * a file is held. Layers that are known to be damaged already (`folderMissing`, `incomplete`) are left out, and so are those that
 * were removed meanwhile.
 * @param onBytes hears what has been read so far, and what there is to be read by the store's records
 * @returns by layer id
 * @throws Failure `Cancelled`, `StoreDamaged`, `StoreUnknown`
 */
export async function deepVerify(
  inventory: Inventory,
  images: readonly Pick<StoredImage, 'layers'>[],
  signal: AbortSignal,
  onBytes: (bytesDone: number, bytesTotal: number) => void = () => {},
): Promise<ReadonlyMap<string, LayerVerdict>> {
  const layers = new Map(images.flatMap((image) => image.layers.map((layer) => [layer.id, layer] as const)));
  const readable = [...layers.values()].filter(
    ({ incomplete, folderMissing }) => !incomplete && !folderMissing,
  );
  const bytesTotal = readable.reduce((total, { diffSizeBytes = 0 }) => total + diffSizeBytes, 0);
  let bytesDone = 0;
  const verdicts = new Map<string, LayerVerdict>();
  for (const layer of readable) {
    const verdict = await verifyLayer(inventory, layer, (bytes) => {
      if (signal.aborted) throw new Failure('Cancelled', 'cancelled while layers were read');
      bytesDone += bytes;
      onBytes(bytesDone, Math.max(bytesDone, bytesTotal));
    });
    if (verdict.kind !== 'damaged' || (await isStillThere(inventory, layer, signal)))
      verdicts.set(layer.id, verdict);
  }
  return verdicts;
}

async function verifyLayer(
  inventory: Inventory,
  layer: StoredLayer,
  onPiece: (bytes: number) => void,
): Promise<LayerVerdict> {
  const { diffDigest } = layer;
  if (diffDigest === undefined)
    return { kind: 'unchecked', why: 'the digest of its content is not recorded' };
  const place = await layerPlace(inventory, layer);
  if ('unchecked' in place) return { kind: 'unchecked', why: place.unchecked };
  const { algorithm, hex } = digestParts(diffDigest);
  const hash = createHash(algorithm);
  const hashed = async function* (): AsyncGenerator<Buffer> {
    for await (const piece of layerTar(place)) {
      hash.update(piece);
      onPiece(piece.length);
      yield piece;
    }
  };
  try {
    const tar = hashed();
    const files = new Map<string, ExpectedFile>();
    for await (const entry of tarEntries(streamReader(tar))) {
      const expected = expectedFile(entry);
      files.set(expected.path, expected);
    }
    // Padding after the tar's end counts for the digest.
    for await (const _ of tar);
    if (hash.digest('hex') !== hex) return { kind: 'damaged', what: [`its content is not ${diffDigest}`] };
    const what = place.modesKept ? await compareFiles(place.folder, [...files.values()]) : [];
    return what.length === 0 ? { kind: 'whole' } : { kind: 'damaged', what };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code === 'NotFound') return { kind: 'unchecked', why: error.message };
    if (error.code === 'BadContent') return { kind: 'damaged', what: [error.message] };
    throw error;
  }
}

async function isStillThere(
  { storePath }: Inventory,
  { id }: StoredLayer,
  signal: AbortSignal,
): Promise<boolean> {
  return (await readInventory(storePath, { signal })).layers.has(id);
}
