import { median } from './median.ts';

interface Pairs {
  /** Median of the ratios. */
  readonly ratio: number;
  /** Medians, of each for itself. */
  readonly ms: number;
  readonly baseMs: number;
}

/**
 * Takes two times in turn and holds each against its neighbour: what else the machine does weighs on both alike, and a moment in which
 * it does much on one pair.
 * @param take milliseconds
 */
export function inPairs(runs: number, take: () => number, takeBase: () => number): Pairs {
  // One of each for the caches.
  take();
  takeBase();
  const pairs = Array.from({ length: runs }, () => ({ baseMs: takeBase(), ms: take() }));
  return {
    ratio: median(pairs.map(({ ms, baseMs }) => ms / baseMs)),
    ms: median(pairs.map(({ ms }) => ms)),
    baseMs: median(pairs.map(({ baseMs }) => baseMs)),
  };
}
