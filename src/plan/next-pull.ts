import type { Digest } from '../model/digest.ts';

/** What the choice of the next pull needs to know of one. */
export interface LayerNeed {
  /** Digests of its layers that were not in the store when it was planned. */
  readonly missing: ReadonlySet<Digest>;
}

/**
 * The pull to start next, or undefined where none may start now. Two pulls that share a missing layer would both fetch and unpack
 * it, so such a pair never runs at once. `arrived` holds the layers that ended pulls have brought.
 *
 * First goes the one whose missing layers most of the others wait for: a shared base is fetched once, early, and frees the rest.
 */
export function nextPull<T extends LayerNeed>(
  waiting: readonly T[],
  running: readonly T[],
  arrived: ReadonlySet<Digest>,
): T | undefined {
  const underWay = new Set(running.flatMap(({ missing }) => [...missing.difference(arrived)]));
  const startable = waiting.filter(({ missing }) => missing.difference(arrived).isDisjointFrom(underWay));
  const demand = demandFor(waiting, arrived);
  const weightOf = ({ missing }: T): number =>
    [...missing.difference(arrived)].reduce((weight, digest) => weight + (demand.get(digest) ?? 0) - 1, 0);
  let best: T | undefined;
  for (const pull of startable) if (best === undefined || weightOf(pull) > weightOf(best)) best = pull;
  return best;
}

function demandFor(waiting: readonly LayerNeed[], arrived: ReadonlySet<Digest>): Map<Digest, number> {
  const demand = new Map<Digest, number>();
  for (const { missing } of waiting) {
    for (const digest of missing.difference(arrived)) demand.set(digest, (demand.get(digest) ?? 0) + 1);
  }
  return demand;
}
