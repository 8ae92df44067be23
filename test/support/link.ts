import { setTimeout as delay } from 'node:timers/promises';

export interface LinkOptions {
  /** Of all connections together; without a limit unless given. */
  readonly bytesPerSecond?: number;
  /** From a request to the first byte of its answer. */
  readonly firstByteMs?: number;
}

/** Spends the time that bytes take on a slow link. */
export interface Link {
  answerStarts(): Promise<void>;
  /** Returns when so many bytes have gone through. */
  transfer(sizeBytes: number): Promise<void>;
}

/** Timers wake up late: what that loses is caught up within this, or the link would be slower than it says. */
const catchUpMs = 20;
/** The bytes that share one wait: small enough that connections take turns. */
export const chunkBytes = 16 * 1024;

export function makeLink({ bytesPerSecond, firstByteMs = 0 }: LinkOptions): Link {
  // When the last byte that was taken on leaves the link.
  let freeAtMs = 0;
  return {
    answerStarts: async () => {
      if (firstByteMs > 0) await delay(firstByteMs);
    },
    transfer: async (sizeBytes) => {
      if (bytesPerSecond === undefined) return;
      const now = performance.now();
      freeAtMs = Math.max(freeAtMs, now - catchUpMs) + (sizeBytes / bytesPerSecond) * 1_000;
      if (freeAtMs > now) await delay(freeAtMs - now);
    },
  };
}
