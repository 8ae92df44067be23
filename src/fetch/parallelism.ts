/** How many downloads run at once, and what is known of fewer or more. */
export interface Parallelism {
  readonly count: number;
  /** Bytes a second of one download fewer, while it is tried whether one more helps. */
  readonly before: number | undefined;
  /** Samples to come before more are tried. */
  readonly hold: number;
}

/** What one sample saw: the rate of all downloads while as many ran as may, or a server that has too much to do. */
export type Sample =
  { readonly kind: 'rate'; readonly bytesPerSecond: number } | { readonly kind: 'overload' };

export const sampleMs = 1_000;
const countMin = 1;
/** As many as skopeo has layers under way. */
export const countMax = 6;
/** One more download has to bring so much, or the link is full. */
const gain = 1.1;
/** A link changes: after so many samples it is tried again. */
const holdSamples = 20;

/** @param most at once */
export function firstParallelism(most: number): Parallelism {
  return { count: Math.min(2, most), before: undefined, hold: 0 };
}

/** Adds downloads one by one while each makes the whole faster, and takes back the one that did not. */
export function adaptParallelism(now: Parallelism, sample: Sample, most = countMax): Parallelism {
  if (sample.kind === 'overload')
    return { count: Math.max(countMin, now.count - 1), before: undefined, hold: holdSamples };
  if (now.hold > 0) return { ...now, hold: now.hold - 1 };
  const { bytesPerSecond } = sample;
  const helped = now.before === undefined || bytesPerSecond >= now.before * gain;
  if (!helped) return { count: Math.max(countMin, now.count - 1), before: undefined, hold: holdSamples };
  if (now.count >= most) return { count: most, before: undefined, hold: holdSamples };
  // The connection just made takes a sample to come up to speed.
  return { count: now.count + 1, before: bytesPerSecond, hold: 1 };
}
