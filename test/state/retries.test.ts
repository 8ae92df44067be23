import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Failure, type FailureCode } from '../../src/model/failure.ts';
import { emptyRecord, type ImageRecord } from '../../src/state/results.ts';
import { afterFailure, afterPull, afterVerify, failureClass, nextTry } from '../../src/state/retries.ts';

const nowUs = 1_795_000_000_000_000;
const dayUs = 24 * 3_600_000_000;
const hourUs = 3_600_000_000;

test.each<[FailureCode, string | undefined]>([
  ['Transient', 'transient'],
  ['TimedOut', 'transient'],
  ['DigestMismatch', 'transient'],
  ['ProgramFailed', 'transient'],
  ['Authentication', 'authentication'],
  ['NotFound', 'not-found'],
  ['Policy', 'policy'],
  ['NoSpace', 'space'],
  ['Cancelled', undefined],
  ['Postponed', undefined],
])('%s is %s', (code, expected) => {
  expect(failureClass(code)).toBe(expected);
});

function failTimes(code: FailureCode, times: number, random = 0): ImageRecord {
  let record = emptyRecord;
  for (let count = 0; count < times; count += 1)
    record = afterFailure(record, new Failure(code, 'why'), nowUs, random, 'f');
  return record;
}

// [failures, random, seconds until the next try]
test.each([
  [1, 0, 15],
  [1, 0.5, 22.5],
  [2, 0, 30],
  [3, 0, 60],
  [8, 0, 1920],
  [20, 0, 3 * 3600],
  [2000, 0, 3 * 3600],
  [2000, 1, 6 * 3600],
])('transient, %i times, random %f: %f s', (times, random, seconds) => {
  const next = nextTry(failTimes('Transient', times, random), nowUs, 'f');
  expect(next).toEqual({ kind: 'wait', untilUs: nowUs + seconds * 1e6, reason: 'why' });
});

test.each<FailureCode>(['Authentication', 'NotFound', 'Policy'])('%s is given up', (code) => {
  const record = failTimes(code, 3, 0.5);
  const untilUs = nowUs + dayUs + hourUs / 2;
  expect(nextTry(record, nowUs, 'f')).toEqual({ kind: 'given-up', untilUs, reason: 'why' });
  // Until a day has passed, or what it failed with has changed.
  expect(nextTry(record, untilUs - 1, 'f').kind).toBe('given-up');
  expect(nextTry(record, untilUs, 'f')).toEqual({ kind: 'now' });
  expect(nextTry(record, nowUs, 'g')).toEqual({ kind: 'now' });
});

test('the count begins again with another class or configuration', () => {
  const failed = failTimes('Transient', 5);
  expect(afterFailure(failed, new Failure('NoSpace', ''), nowUs, 0, 'f').retry).toMatchObject({
    class: 'space',
    tries: 1,
  });
  expect(afterFailure(failed, new Failure('Transient', ''), nowUs, 0, 'g').retry?.tries).toBe(1);
  expect(afterFailure(failed, new Failure('Transient', ''), nowUs, 0, 'f').retry?.tries).toBe(6);
});

test('what says nothing about the image changes nothing', () => {
  const failed = failTimes('Transient', 2);
  expect(afterFailure(failed, new Failure('Cancelled', ''), nowUs, 0, 'f')).toBe(failed);
  expect(afterFailure(emptyRecord, new Failure('Postponed', ''), nowUs, 0, 'f')).toBe(emptyRecord);
});

test('Retry-After is obeyed, up to a day', () => {
  const after = (retryAfterMs: number): number | undefined =>
    afterFailure(emptyRecord, new Failure('Transient', '', { retryAfterMs }), nowUs, 0, 'f').retry?.nextTryUs;
  expect(after(3_600_000)).toBe(nowUs + hourUs);
  expect(after(1)).toBe(nowUs + 15e6);
  expect(after(1e15)).toBe(nowUs + dayUs);
});

test('success forgets what failed', () => {
  const failed = { ...failTimes('Policy', 2), lastPulledUs: 1, lastVerifiedUs: 2 };
  expect(afterPull(failed, nowUs)).toEqual({ lastPulledUs: nowUs, lastVerifiedUs: 2 });
  expect(afterVerify(failed, nowUs)).toEqual({ lastPulledUs: 1, lastVerifiedUs: nowUs });
});

test('whatever failed, and wherever the clock goes, nothing waits for longer than 25 hours', () => {
  const code = fc.constantFrom<FailureCode>(
    'Transient',
    'Authentication',
    'NotFound',
    'Policy',
    'NoSpace',
    'Internal',
  );
  const step = fc.tuple(
    code,
    fc.option(fc.nat(), { nil: undefined }),
    fc.double({ min: 0, max: 0.999, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.integer(), (steps, shiftSeconds) => {
      let record = emptyRecord;
      for (const [name, retryAfterMs, random] of steps) {
        const failure = new Failure(
          name,
          'x'.repeat(600),
          retryAfterMs === undefined ? {} : { retryAfterMs },
        );
        record = afterFailure(record, failure, nowUs, random, 'f');
        expect(nextTry(record, nowUs, 'f').kind).not.toBe('now');
      }
      const laterUs = nowUs + shiftSeconds * 1e6;
      const next = nextTry(record, laterUs, 'f');
      if (next.kind !== 'now') expect(next.untilUs - laterUs).toBeLessThanOrEqual(25 * hourUs);
      expect(record.retry?.reason).toHaveLength(500);
    }),
  );
});
