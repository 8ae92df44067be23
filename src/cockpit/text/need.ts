import type { Image } from '../bus/host.ts';

export interface Need {
  readonly bound: number;
  /** Images that are not present. */
  readonly missing: number;
  /** Of those, as far as it is known; layers that they share count more than once. */
  readonly bytesToFetch: number;
  /** Whether the bytes of each are known. */
  readonly isComplete: boolean;
}

/** What a deployment lacks yet. */
export function needFor(images: readonly Image[], slot: string): Need {
  const bound = images.filter(({ boundBy }) => boundBy.some((binder) => binder.slot === slot));
  const missing = bound.filter(({ state }) => state !== 'present');
  return {
    bound: bound.length,
    missing: missing.length,
    bytesToFetch: missing.reduce((total, { bytesToFetch }) => total + Math.max(0, bytesToFetch), 0),
    isComplete: missing.every(({ bytesToFetch }) => bytesToFetch >= 0),
  };
}
