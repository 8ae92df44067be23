import type { Failure, FailureCode } from '../model/failure.ts';
import type { FailureClass, ImageRecord } from './results.ts';

const firstDelayMs = 30_000;
const mostDelayMs = 6 * 3_600_000;
const dayMs = 24 * 3_600_000;
/** Hosts that all gave up on one image must not all come back at once. */
const dayJitterMs = 3_600_000;
const longestDelayMs = dayMs + dayJitterMs;
const textLength = 500;

export type NextTry =
  | { readonly kind: 'now' }
  /** `given-up`: trying alone will not help; a change of configuration or credentials does. */
  | { readonly kind: 'wait' | 'given-up'; readonly untilUs: number; readonly reason: string };

/** undefined: it says nothing about the image, as when somebody cancelled. */
export function failureClass(code: FailureCode): FailureClass | undefined {
  switch (code) {
    case 'Usage':
    case 'Cancelled':
    case 'NotBootcHost':
    case 'NotAllowed':
    case 'Postponed':
    case 'Busy':
    case 'NotReady':
      return undefined;
    case 'Authentication':
      return 'authentication';
    case 'NotFound':
      return 'not-found';
    case 'Policy':
      return 'policy';
    case 'NoSpace':
      return 'space';
    case 'Definitions':
    case 'StoreDamaged':
    case 'StoreUnknown':
    case 'ProgramMissing':
    case 'ProgramFailed':
    case 'ProgramOutput':
    case 'TimedOut':
    case 'Transient':
    case 'DigestMismatch':
    case 'BadContent':
    case 'BadConfiguration':
    case 'Internal':
      return 'transient';
  }
}

/**
 * The record of an image after a failure to fetch it.
 * @param random from 0 to below 1
 * @param fingerprint of the configuration and credentials that were used
 */
export function afterFailure(
  record: ImageRecord,
  failure: Failure,
  nowUs: number,
  random: number,
  fingerprint: string,
): ImageRecord {
  const kind = failureClass(failure.code);
  if (kind === undefined) return record;
  const text = failure.message.slice(0, textLength);
  const before = record.retry;
  const again = before?.class === kind && before.fingerprint === fingerprint;
  const tries = again ? before.tries + 1 : 1;
  // A server that asks for years has to be asked again all the same.
  const askedMs = Math.min(failure.retryAfterMs ?? 0, dayMs);
  const waitMs = Math.max(askedMs, delayMs(kind, tries, random));
  return {
    ...record,
    lastError: { code: failure.code, text, atUs: nowUs },
    retry: { class: kind, tries, nextTryUs: nowUs + Math.round(waitMs * 1_000), reason: text, fingerprint },
  };
}

export function afterPull(record: ImageRecord, nowUs: number): ImageRecord {
  return { lastPulledUs: nowUs, lastVerifiedUs: record.lastVerifiedUs };
}

/** It is there and whole: what failed before does not matter any more. */
export function afterVerify(record: ImageRecord, nowUs: number): ImageRecord {
  return { lastPulledUs: record.lastPulledUs, lastVerifiedUs: nowUs };
}

/** When an image may be tried again by itself. */
export function nextTry(record: ImageRecord, nowUs: number, fingerprint: string): NextTry {
  const { retry } = record;
  if (retry === undefined || retry.fingerprint !== fingerprint) return { kind: 'now' };
  const waitMs = (retry.nextTryUs - nowUs) / 1_000;
  // Nothing waits for longer than the longest delay: then the clock was put back since.
  if (waitMs <= 0 || waitMs > longestDelayMs) return { kind: 'now' };
  return {
    kind: givesUp(retry.class) ? 'given-up' : 'wait',
    untilUs: retry.nextTryUs,
    reason: retry.reason,
  };
}

function delayMs(kind: FailureClass, tries: number, random: number): number {
  if (givesUp(kind)) return dayMs + dayJitterMs * random;
  const most = Math.min(mostDelayMs, firstDelayMs * 2 ** Math.min(tries - 1, 30));
  return most / 2 + (most / 2) * random;
}

function givesUp(kind: FailureClass): boolean {
  return kind === 'authentication' || kind === 'not-found' || kind === 'policy';
}
