import type { Image } from '../bus/host.ts';

export interface Need {
  /** Images that are not present. */
  readonly missing: number;
  /** Of those, as far as it is known; layers that they share count more than once. */
  readonly bytesToFetch: number;
  /** Whether the bytes of each are known. */
  readonly isComplete: boolean;
}

/** What a deployment lacks yet. */
export function needFor(images: readonly Image[], slot: string): Need {
  const missing = images.filter(
    ({ state, boundBy }) => state !== 'present' && boundBy.some((binder) => binder.slot === slot),
  );
  return {
    missing: missing.length,
    bytesToFetch: missing.reduce((total, { bytesToFetch }) => total + Math.max(0, bytesToFetch), 0),
    isComplete: missing.every(({ bytesToFetch }) => bytesToFetch >= 0),
  };
}
