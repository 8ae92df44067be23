import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesLeft, checkBudget, emptyLedger, spend, turnTo } from '../../src/fetch/day-budget.ts';
import { wallClock } from '../../src/fetch/wall-clock.ts';
import type { DayLedger } from '../../src/model/day-ledger.ts';

const limit = 100;
const dayName = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);

// [what, each day with the bytes that are taken on it, left on the last]
const cases: [string, string, number][] = [
  ['a new host', '2026-11-21 0', 100],
  ['the same day', '2026-11-21 30, 2026-11-21 30', 40],
  ['a new day', '2026-11-21 100, 2026-11-22 0', 100],
  ['back to yesterday', '2026-11-20 10, 2026-11-21 100, 2026-11-20 0', 0],
  ['back to a day that was never', '2026-11-21 100, 1970-01-01 0', 0],
  [
    'back twice, and forward between',
    '1990-01-01 0, 2000-01-01 0, 2026-11-21 100, 1990-01-01 0, 2000-01-01 0',
    0,
  ],
  ['without a clock until the network is up', '2026-11-21 40, 1970-01-01 60, 2026-11-21 0', 0],
  ['a new day, without a clock for a while', '2026-11-21 100, 1970-01-01 0, 2026-11-22 0', 100],
  ['and again', '2026-11-21 100, 1970-01-01 0, 2026-11-22 0, 1970-01-01 0, 2026-11-22 0', 100],
  ['years ahead and back', '2026-11-21 40, 2040-01-01 100, 2026-11-21 0', 0],
  ['a new day after years ahead', '2040-01-01 100, 2026-11-21 0, 2026-11-22 0', 100],
  ['given back', '2026-11-21 90, 2026-11-21 -50', 60],
];

test.each(cases)('%s', (_what, days, left) => {
  const ledger = days
    .split(', ')
    .map((day) => day.split(' '))
    .reduce<DayLedger>((before, [day = '', bytes]) => spend(before, day, Number(bytes)), emptyLedger);
  expect(bytesLeft(ledger, ledger.lastDay, limit)).toBe(left);
});

test('no limit', () => {
  expect(bytesLeft(spend(emptyLedger, '2026-11-21', 1e12), '2026-11-21', 0)).toBe(Infinity);
});

test('a clock that moves among days it has shown gives no byte twice', () => {
  const moves = fc.array(fc.tuple(fc.integer({ min: -20, max: 0 }), fc.nat(limit)), { maxLength: 25 });
  fc.assert(
    fc.property(moves, (days) => {
      let ledger = spend(emptyLedger, dayName(20_000), 0);
      let taken = 0;
      const shown = new Set([20_000]);
      for (const [back, wanted] of days) {
        const day = 20_000 + back;
        // A day that comes after the last and was never shown is a new one, by right.
        if (dayName(day) > ledger.lastDay && !shown.has(day)) continue;
        shown.add(day);
        const bytes = Math.min(wanted, bytesLeft(ledger, dayName(day), limit));
        ledger = spend(ledger, dayName(day), bytes);
        taken += bytes;
      }
      expect(taken).toBeLessThanOrEqual(limit);
    }),
  );
});

test('whatever the clock did, the next day that it never showed has all its bytes, and the ledger stays small', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 80 }), (days) => {
      let ledger = emptyLedger;
      for (const day of days) ledger = spend(ledger, dayName(day), limit);
      const next = dayName(Math.max(...days) + 1);
      expect(bytesLeft(ledger, next, limit)).toBe(limit);
      expect(Object.keys(turnTo(ledger, next).bytesByDay).length).toBeLessThanOrEqual(32);
    }),
  );
});

test('a spent day is a Failure that says until when', () => {
  const clock = wallClock('Europe/Berlin');
  const nowMs = Date.parse('2026-10-24T23:30Z');
  const spent = spend(emptyLedger, '2026-10-25', 100);
  // That day has 25 hours.
  expect(() => checkBudget(spent, limit, nowMs, clock)).toThrowError(
    expect.objectContaining({
      code: 'Postponed',
      retryAfterMs: 23.5 * 3_600_000,
      message:
        'downloads wait until 2026-10-26 00:00: the 100 B that fetch.daily-limit allows for a day are spent',
    }),
  );
  expect(() => checkBudget(spent, limit + 1, nowMs, clock)).not.toThrow();
});
