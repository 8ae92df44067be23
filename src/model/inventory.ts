import type { Digest } from './digest.ts';

/** A layer of containers-storage (layers.json of c/storage, `storage/layers.go`). */
export interface StoredLayer {
  readonly id: string;
  readonly parent?: string;
  /** Digest and size of the uncompressed tar. */
  readonly diffDigest?: Digest;
  readonly diffSizeBytes?: number;
  /** Digest and size of the blob it was made from. */
  readonly blobDigest?: Digest;
  readonly blobSizeBytes?: number;
  /** c/storage's own mark of a write that did not end; it removes such a layer at the next chance. */
  readonly incomplete: boolean;
  /** The driver's folder for it is gone. */
  readonly folderMissing: boolean;
}

export interface StoredImage {
  /** 64 hex digits. */
  readonly id: string;
  readonly names: readonly string[];
  /** Every manifest digest it answers to: its own first, then those of an index it was chosen from, or of its encrypted form. */
  readonly digests: readonly Digest[];
  /** Base first. */
  readonly layers: readonly StoredLayer[];
  /** A layer, or the manifest or config, that the image needs is not in the store: it cannot run. Each is named. */
  readonly missing: readonly string[];
  /** Microseconds since the epoch. */
  readonly createdUs: number;
}

/** One consistent view of a store. */
export interface Inventory {
  readonly storePath: string;
  /** c/storage's name of the driver that holds the layers: `overlay`, `vfs`, ...; empty where there is no store yet. */
  readonly driver: string;
  readonly images: readonly StoredImage[];
  /** By id. */
  readonly layers: ReadonlyMap<string, StoredLayer>;
}

/** The image that has exactly this name. A store gives a name to one image at most. */
export function findByName(inventory: Inventory, name: string): StoredImage | undefined {
  return inventory.images.find(({ names }) => names.includes(name));
}
