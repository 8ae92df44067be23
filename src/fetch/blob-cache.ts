import type { Readable } from 'node:stream';
import type { BlobId } from '../model/blob.ts';
import type { Digest } from '../model/digest.ts';
import type { PartialBlob } from './partial-blob.ts';

/**
 * Compressed blobs on disk in OCI image layout (`blobs/sha256/HEX`). What is there under its digest is whole: it was checked,
 * synced and renamed. Several processes may use one folder. Failures: `NoSpace`, `Cancelled`.
 */
export interface BlobCache {
  readonly folderPath: string;
  /** Whether the whole blob is there. */
  has(digest: Digest): Promise<boolean>;
  /**
   * A blob, or its bytes `from` (included) to `to` (excluded), that is whole or that this process is downloading: then the stream
   * waits for bytes to come, and fails with the download's Failure. Undefined where it is neither.
   * Whatever reads a running download has bytes that no digest was checked of yet.
   */
  read(
    digest: Digest,
    range?: { readonly from?: number; readonly to?: number },
  ): Promise<{ readonly sizeBytes: number; readonly body: Readable } | undefined>;
  /**
   * Opens a blob to be downloaded, and what an earlier try left of it. Waits while another process, or this one, downloads it.
   * @returns undefined where the whole blob is there by then
   */
  download(blob: BlobId, signal?: AbortSignal): Promise<PartialBlob | undefined>;
  /** Keeps blobs, present and to come, from `clean` and from the size limit, of other processes too, until it is disposed. */
  pin(digests: Iterable<Digest>): Promise<AsyncDisposable>;
  /** Removes one that turned out to be damaged. */
  remove(digest: Digest): Promise<void>;
  /** Removes whatever is neither to be kept, nor pinned, nor being downloaded; partial files too. */
  clean(keep: ReadonlySet<Digest>): Promise<{ readonly freedBytes: number }>;
}
