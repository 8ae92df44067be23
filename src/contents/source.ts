import type { Digest } from '../model/digest.ts';
import type { Descriptor, Index, IndexEntry, Manifest, Platform } from '../model/manifest.ts';

export interface ByteRange {
  readonly offset: number;
  readonly lengthBytes: number;
}

export interface BlobOptions {
  readonly range?: ByteRange;
  readonly signal?: AbortSignal | undefined;
}

/** Where an image's parts come from. A registry's client, bound to one reference, fits it as it is. */
export interface ImageSource {
  /** As a person wrote it, for messages. */
  readonly name: string;
  /** Without them every layer is read whole. */
  readonly supportsRanges: boolean;
  /** The manifest for one platform, checked against its digest where the source knows one. */
  manifest(signal?: AbortSignal): Promise<Manifest>;
  /** The bytes of a blob or of a range of it. They need not be checked: whoever reads them does that. */
  blob(descriptor: Descriptor, options?: BlobOptions): Promise<AsyncIterable<Uint8Array>>;
  /** Gives up files and folders it holds. */
  close(): Promise<void>;
}

/** How a manifest is read and chosen from an index: what src/registry does, so that both read the same image alike. */
export interface ManifestRules {
  readonly platform: Platform;
  readonly parse: (
    bytes: Buffer,
    digest: Digest,
    contentType: string | undefined,
    what: string,
  ) =>
    | { readonly kind: 'image'; readonly manifest: Manifest }
    | { readonly kind: 'index'; readonly index: Index };
  readonly choose: (index: Index, platform: Platform, what: string) => IndexEntry;
}
