/** What a layer may cost before it is taken for an attack. */
export interface ContentLimits {
  /** Of a layer's tar, uncompressed. */
  readonly layerBytes: number;
  /** Uncompressed over compressed bytes; judged from `ratioFromBytes` on. gzip reaches 1032, zstd any value. */
  readonly ratio: number;
  readonly ratioFromBytes: number;
  readonly entries: number;
  /** Entries that are remembered: links everywhere, and what looks like a quadlet. */
  readonly keptEntries: number;
  /** Their paths, link targets and contents together. */
  readonly keptBytes: number;
  /** Of a table of contents as it comes; a larger one is not used, and the layer is read whole. */
  readonly tocBytes: number;
}

export const defaultLimits: ContentLimits = {
  layerBytes: 64 * 2 ** 30,
  ratio: 2_000,
  ratioFromBytes: 8 * 2 ** 30,
  entries: 2_000_000,
  keptEntries: 200_000,
  keptBytes: 32 * 2 ** 20,
  tocBytes: 32 * 2 ** 20,
};

/** PATH_MAX (limits.h). */
export const pathLimitBytes = 4096;
/** A quadlet is some hundred bytes; readBoundSet refuses a larger one. */
export const quadletLimitBytes = 2 ** 20;
/** Files up to this size are searched for a quadlet's section whatever their name is. */
export const searchedLimitBytes = 64 * 2 ** 10;
