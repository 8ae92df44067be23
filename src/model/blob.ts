import type { Digest } from './digest.ts';

/** A blob by what it is: no place. */
export interface BlobId {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** A strong ETag (RFC 9110, 8.8.3), and the one endpoint whose it is: `host[:port]/repository`. */
export interface Validator {
  readonly endpoint: string;
  readonly etag: string;
}

/** A blob as one server answers it. */
export interface OpenedBlob {
  /** The offset that `body` begins at: the one that was asked for, or 0 where the server sends the whole. */
  readonly from: number;
  /** `host[:port]/repository` of the registry that was asked. */
  readonly endpoint: string;
  readonly validator?: Validator;
  /** To be read to its end, or returned. Its length is checked, its digest is not. Throws Failure. */
  readonly body: AsyncIterable<Buffer>;
  /** Ends an answer that is not read. */
  readonly discard: () => Promise<void>;
}
