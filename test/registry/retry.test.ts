import { expect, test } from 'vitest';
import { Failure } from '../../src/model/failure.ts';
import { defaultLimits } from '../../src/registry/limits.ts';
import { delayAfter, parseRetryAfter, pause } from '../../src/registry/retry.ts';

const plan = { ...defaultLimits, random: () => 1, pause };
const now = Date.UTC(2026, 0, 2, 3, 4, 5);

test.each([
  [undefined, undefined],
  ['', undefined],
  ['0', 0],
  [' 120 ', 120_000],
  ['-1', undefined],
  ['1.5', undefined],
  ['Fri, 02 Jan 2026 03:04:15 GMT', 10_000],
  ['Fri, 02 Jan 2026 03:04:00 GMT', 0],
  ['Friday, 02-Jan-26 03:04:15 GMT', 10_000],
  ['2026-01-02T03:04:15Z', undefined],
  ['soon', undefined],
])('Retry-After: %s', (value, expected) => {
  expect(parseRetryAfter(value, now)).toBe(expected);
});

test('the delay doubles up to its limit, half of it by chance', () => {
  const failure = new Failure('Transient', 'x');
  const generous = { ...plan, tries: 99 };
  expect([1, 2, 3, 20].map((tried) => delayAfter(failure, tried, generous))).toEqual([
    500, 1000, 2000, 30_000,
  ]);
  expect(delayAfter(failure, 1, { ...generous, random: () => 0 })).toBe(250);
});

test('no delay after the last try, after a failure for good, or where the server asks for too much', () => {
  expect(delayAfter(new Failure('Transient', 'x'), plan.tries, plan)).toBeUndefined();
  expect(delayAfter(new Failure('NotFound', 'x'), 1, plan)).toBeUndefined();
  expect(delayAfter(new Failure('Transient', 'x', { retryAfterMs: 1e9 }), 1, plan)).toBeUndefined();
  expect(delayAfter(new Failure('Transient', 'x', { retryAfterMs: 5000 }), 1, plan)).toBe(5000);
});

test('waiting is cancelled', async () => {
  const stop = new AbortController();
  const waiting = pause(1e6, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'Cancelled' });
});
