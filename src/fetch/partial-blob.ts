import type { Validator } from '../model/blob.ts';

/** A blob while it is downloaded: its file, and the hash of what is in it. */
export interface PartialBlob extends AsyncDisposable {
  /** How many bytes are there. */
  readonly sizeBytes: number;
  /** What the server said of them. */
  readonly validator: Validator | undefined;
}
