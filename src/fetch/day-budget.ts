import prettyBytes from 'pretty-bytes';
import type { DayLedger } from '../model/day-ledger.ts';
import { Failure } from '../model/failure.ts';
import { firstMoment, showMoment, type WallClock } from './wall-clock.ts';

export const emptyLedger: DayLedger = { lastDay: '', bytesByDay: {} };

const mostDays = 32;

/**
 * The ledger with today as its last day. A day that was never seen starts with nothing. A clock that is put back brings along
 * what was counted last, for the day it shows and for those it will show again on its way: so no byte is given twice, and a
 * new day frees them even after a clock that was years ahead.
 */
export function turnTo(ledger: DayLedger, today: string): DayLedger {
  const { lastDay } = ledger;
  if (lastDay === today) return ledger;
  const carried = bytesOn(ledger, lastDay);
  const counted = Object.entries({ [today]: 0, ...ledger.bytesByDay }).map(([day, bytes]) => [
    day,
    today <= day && day < lastDay ? Math.max(bytes, carried) : bytes,
  ]);
  return {
    lastDay: today,
    bytesByDay: newest(Object.fromEntries(counted) as Record<string, number>, today),
  };
}

/**
 * The ledger after a download, or before one: negative bytes give back what was not needed.
 * Days after today are counted too: the clock was there, and may be again before a day has passed.
 */
export function spend(ledger: DayLedger, today: string, bytes: number): DayLedger {
  const { bytesByDay } = turnTo(ledger, today);
  const counted = Object.entries(bytesByDay).map(([day, counted]) => [
    day,
    day < today ? counted : Math.max(0, counted + bytes),
  ]);
  return { lastDay: today, bytesByDay: Object.fromEntries(counted) as Record<string, number> };
}

/** Infinity where there is no limit, which is what 0 means. */
export function bytesLeft(ledger: DayLedger, today: string, limitBytes: number): number {
  if (limitBytes === 0) return Infinity;
  return Math.max(0, limitBytes - bytesOn(turnTo(ledger, today), today));
}

/** @throws Failure `Postponed` when the day's bytes are spent */
export function checkBudget(ledger: DayLedger, limitBytes: number, nowMs: number, clock: WallClock): void {
  const { day: today } = clock(nowMs);
  if (bytesLeft(ledger, today, limitBytes) > 0) return;
  const tomorrowMs = firstMoment(nowMs, clock, [0], ({ day }) => day !== today) ?? nowMs;
  throw new Failure(
    'Postponed',
    `downloads wait until ${showMoment(tomorrowMs, clock)}: the ${prettyBytes(limitBytes)} that fetch.daily-limit allows for a day are spent`,
    { retryAfterMs: tomorrowMs - nowMs },
  );
}

function bytesOn(ledger: DayLedger, day: string): number {
  return ledger.bytesByDay[day] ?? 0;
}

function newest(bytesByDay: DayLedger['bytesByDay'], today: string): DayLedger['bytesByDay'] {
  const others = Object.keys(bytesByDay).filter((day) => day !== today);
  const dropped = new Set(others.sort().slice(0, Math.max(0, others.length + 1 - mostDays)));
  return Object.fromEntries(Object.entries(bytesByDay).filter(([day]) => !dropped.has(day)));
}
