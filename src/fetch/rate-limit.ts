import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../model/failure.ts';

/** Shares a link's bytes a second among all that take from it. */
export interface RateLimit {
  /** @returns undefined where so many bytes may pass at once. Throws Failure `Cancelled` */
  take(sizeBytes: number, signal: AbortSignal | undefined): Promise<void> | undefined;
}

/** What was not used may be caught up, so that timers that wake late do not slow the link down. */
const burstMs = 200;

/** @param now milliseconds of a clock that never jumps: performance.now() */
export function createRateLimit(bytesPerSecond: number, now: () => number): RateLimit {
  let freeAtMs = now();
  return {
    take: (sizeBytes, signal) => {
      const nowMs = now();
      freeAtMs = Math.max(freeAtMs, nowMs - burstMs) + (sizeBytes / bytesPerSecond) * 1_000;
      return freeAtMs <= nowMs ? undefined : wait(freeAtMs - nowMs, signal);
    },
  };
}

async function wait(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw new Failure('Cancelled', 'cancelled while the bandwidth limit holds', { cause: error });
  }
}
