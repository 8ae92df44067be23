import { setTimeout as sleep } from 'node:timers/promises';
import { asFailure, Failure } from '../model/failure.ts';
import type { RegistryLimits } from './limits.ts';

export interface RetryPlan extends Pick<
  RegistryLimits,
  'tries' | 'firstDelayMs' | 'maxDelayMs' | 'maxRetryAfterMs'
> {
  /** Between 0 and 1. */
  readonly random: () => number;
  readonly pause: (delayMs: number, signal: AbortSignal | undefined) => Promise<void>;
}

/**
 * Tries until it succeeds, `plan.tries` times at most, and only after a failure that trying again can mend.
 * @throws the last Failure
 */
export async function retry<T>(attempt: () => Promise<T>, plan: RetryPlan, signal?: AbortSignal): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      const failure = asFailure(error);
      const delayMs = delayAfter(failure, tried, plan);
      if (delayMs === undefined) throw failure;
      await plan.pause(delayMs, signal);
    }
  }
}

/** How long to wait after the `tried`th failure; undefined where it is the last. */
export function delayAfter(failure: Failure, tried: number, plan: RetryPlan): number | undefined {
  if (!failure.retry || tried >= plan.tries) return undefined;
  const most = Math.min(plan.maxDelayMs, plan.firstDelayMs * 2 ** (tried - 1));
  // Jitter: a thousand hosts that lost one registry together must not come back together.
  const delayMs = most / 2 + (most / 2) * plan.random();
  const asked = failure.retryAfterMs ?? 0;
  return asked > plan.maxRetryAfterMs ? undefined : Math.max(delayMs, asked);
}

/** Milliseconds that a Retry-After header asks for, seconds or a date (RFC 9110, 10.2.3); undefined where it says nothing. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1_000;
  // Only the form with day, month and GMT: Date.parse takes almost anything.
  const dateMs = /^\w{3,9},? .* GMT$/.test(value.trim()) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

/** @throws Failure `Cancelled` */
export async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw new Failure('Cancelled', 'cancelled while waiting to try again', { cause: error });
  }
}
