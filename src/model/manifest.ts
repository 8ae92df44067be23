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
