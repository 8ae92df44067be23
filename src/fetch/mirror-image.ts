import type { Readable } from 'node:stream';
import type { Digest } from '../model/digest.ts';
import type { Failure } from '../model/failure.ts';
import type { Descriptor, Manifest } from '../model/manifest.ts';
import type { Reference } from '../model/reference.ts';
import type { SignaturePlaces } from './mirror-signatures.ts';

/** One image as it was planned: what skopeo is to find, whatever the registry says by now. */
export interface MirrorImage {
  readonly reference: Reference;
  readonly manifest: Manifest;
  /** The index that `manifest` was chosen from, where its bytes are at hand; else it is asked for when skopeo does. */
  readonly index?: ManifestBytes;
  readonly signatures: SignaturePlaces;
}

export interface ManifestBytes {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** A manifest of the registry's, checked against its digest; an index has no layers. */
export interface UpstreamManifest extends ManifestBytes {
  readonly layers: readonly Descriptor[];
}

/** Bytes of a blob, `to` excluded. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Where the mirror takes from what it serves. All throw Failure. */
export interface MirrorParts {
  /**
   * A blob that is in the cache, or on its way there: then the stream waits for what has not come. Undefined where it is neither;
   * the registry is asked then, and those bytes are not kept. Each piece holds until the next is asked for.
   */
  readonly cached: (
    digest: Digest,
    span: Span,
    signal: AbortSignal,
  ) => Promise<AsyncIterable<Buffer> | undefined>;
  readonly blob: (
    reference: Reference,
    descriptor: Descriptor,
    span: Span,
    signal: AbortSignal,
  ) => Promise<Readable>;
  /** By the reference's digest, else by its tag. Throws `NotFound` where there is none. */
  readonly manifest: (reference: Reference, signal: AbortSignal) => Promise<UpstreamManifest>;
  /** The file of one signature of a lookaside storage; undefined where there is none. */
  readonly signature: (url: URL, signal: AbortSignal) => Promise<Buffer | undefined>;
}

/** What the one who runs skopeo is told. */
export interface MirrorHooks {
  /**
   * skopeo has asked for the first blob of the image itself: policy.json allows it, and its layers are worth being fetched. Called
   * once. Blobs are answered when it has resolved, and refused when it rejects; a run whose `signal` is aborted here was a probe.
   */
  readonly onAllowed?: () => void | Promise<void>;
  /** Why an answer was an error: skopeo's own words say less. */
  readonly onFailure?: (failure: Failure) => void;
}

/** Where one run of skopeo finds its image. */
export interface ServedAt {
  /** `127.0.0.1:PORT/KEY`, as registries.conf has it. KEY is secret while the image is served. */
  readonly location: string;
  /** Base of its lookaside storage, as registries.d has it. */
  readonly lookaside: string;
}

/** The digest that the image's reference was found to mean: an index's where it means one. */
export function plannedDigest({ reference, manifest }: MirrorImage): Digest {
  return reference.digest ?? manifest.indexDigest ?? manifest.digest;
}
