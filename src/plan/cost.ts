import type { Digest } from '../model/digest.ts';
import type { Inventory } from '../model/inventory.ts';
import type { Descriptor, Manifest } from '../model/manifest.ts';

/** What making some images present takes. Blobs that several of them share count once; what the store has, not at all. */
export interface Cost {
  readonly bytesToFetch: number;
  /** Estimated, see `unpackedBytes`. */
  readonly bytesOnDisk: number;
  /** Files that the layers will hold are not told by a manifest; each layer and image takes at least these. */
  readonly inodes: number;
}

/**
 * How much larger than its compressed blob a layer is taken to be where nobody says. Application layers compress to between a
 * half and a quarter; too high an estimate only refuses a disk that would be nearly full.
 */
const assumedExpansion = 3;

/** Folders and links that the overlay driver makes a layer, and files of an image's record. */
const inodesPerLayer = 6;

/** Digests of the layers that the store holds whole, by the blob they came from and by their uncompressed content. */
export function layersInStore(inventory: Inventory): ReadonlySet<Digest> {
  const digests = new Set<Digest>();
  for (const layer of inventory.layers.values()) {
    if (layer.incomplete || layer.folderMissing) continue;
    if (layer.blobDigest !== undefined) digests.add(layer.blobDigest);
    if (layer.diffDigest !== undefined) digests.add(layer.diffDigest);
  }
  return digests;
}

export function missingLayers(manifest: Manifest, present: ReadonlySet<Digest>): Descriptor[] {
  return manifest.layers.filter(({ digest }) => !present.has(digest));
}

export function costOf(manifests: readonly Manifest[], present: ReadonlySet<Digest>): Cost {
  const layers = new Map(
    manifests.flatMap((manifest) => missingLayers(manifest, present).map((layer) => [layer.digest, layer])),
  );
  const records = new Map(
    manifests.map(({ digest, config, bytes }) => [digest, config.sizeBytes + bytes.length]),
  );
  const recordBytes = sum(records.values());
  return {
    bytesToFetch: sum([...layers.values()].map(({ sizeBytes }) => sizeBytes)) + recordBytes,
    bytesOnDisk: sum([...layers.values()].map(unpackedBytes)) + recordBytes,
    inodes: (layers.size + records.size) * inodesPerLayer,
  };
}

/** A layer's size once unpacked: as its blob says where it is an uncompressed tar, otherwise estimated. */
function unpackedBytes({ mediaType, sizeBytes }: Descriptor): number {
  return mediaType.endsWith('.tar') ? sizeBytes : sizeBytes * assumedExpansion;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
