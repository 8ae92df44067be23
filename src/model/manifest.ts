import type { Digest } from './digest.ts';

/** OCI image-spec "descriptor". */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The manifest of one image for one platform: OCI image manifest or Docker schema 2. */
export interface Manifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly config: Descriptor;
  /** Base first. */
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
  /** The exact bytes that `digest` is of. */
  readonly bytes: Buffer;
  /** The index it was chosen from, where the reference meant one. */
  readonly indexDigest?: Digest;
}

/** OCI image-spec "image index", `platform`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** One manifest of an index. */
export interface IndexEntry extends Descriptor {
  readonly platform?: Platform;
}

/** OCI image index, or Docker manifest list. */
export interface Index {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly manifests: readonly IndexEntry[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** What is read of an image's configuration (OCI image-spec "config"). */
export interface ImageConfig {
  /** The exact bytes that the manifest's `config` descriptor is of. */
  readonly bytes: Buffer;
  readonly labels: Readonly<Record<string, string>>;
  /** Digests of the uncompressed layers, base first. */
  readonly diffDigests: readonly Digest[];
  readonly os?: string;
  readonly architecture?: string;
  /** RFC 3339, as written. */
  readonly created?: string;
}
