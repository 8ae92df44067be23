/** Bytes a second, smoothed: after this time two thirds of a change show. */
const smoothingMs = 4_000;

export interface RateMeter {
  add(sizeBytes: number): void;
  /** @returns bytes a second, with all that was added until now */
  read(): number;
}

/** @param now milliseconds of a clock that never jumps: performance.now() */
export function createRateMeter(now: () => number): RateMeter {
  const startMs = now();
  let atMs = startMs;
  let pendingBytes = 0;
  let smoothed = 0;
  return {
    add: (sizeBytes) => {
      pendingBytes += sizeBytes;
    },
    read: () => {
      const spentMs = now() - atMs;
      if (spentMs > 0) {
        const kept = Math.exp(-spentMs / smoothingMs);
        smoothed = smoothed * kept + ((pendingBytes * 1_000) / spentMs) * (1 - kept);
        atMs += spentMs;
        pendingBytes = 0;
      }
      // The average of the time since the start, and not of one that includes nothing before it.
      const known = 1 - Math.exp(-(atMs - startMs) / smoothingMs);
      return known === 0 ? 0 : smoothed / known;
    },
  };
}

/** Milliseconds; undefined while nothing comes. */
export function remainingMs(missingBytes: number, bytesPerSecond: number): number | undefined {
  return bytesPerSecond < 1 ? undefined : Math.round((missingBytes / bytesPerSecond) * 1_000);
}
