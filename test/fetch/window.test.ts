import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wallClock } from '../../src/fetch/wall-clock.ts';
import { checkWindow, hostWindows, openingAt } from '../../src/fetch/window.ts';
import type { Failure } from '../../src/model/failure.ts';

const minuteMs = 60_000;

function window(text: string): { startMs: number; endMs: number } {
  const [start = 0, end = 0] = text.split('-').map((time) => {
    const [hours, minutes] = time.split(':').map(Number);
    return ((hours ?? 0) * 60 + (minutes ?? 0)) * minuteMs;
  });
  return { startMs: start, endMs: end };
}

// [what, time zone, now, windows, expected]
const cases: [string, string, string, string[], string][] = [
  ['inside', 'UTC', '2026-11-21T12:00Z', ['10:00-14:00'], 'open until 2026-11-21T14:00Z'],
  ['at its first moment', 'UTC', '2026-11-21T10:00Z', ['10:00-14:00'], 'open until 2026-11-21T14:00Z'],
  ['at its end', 'UTC', '2026-11-21T14:00Z', ['10:00-14:00'], 'closed until 2026-11-22T10:00Z'],
  ['before it', 'UTC', '2026-11-21T09:59Z', ['10:00-14:00'], 'closed until 2026-11-21T10:00Z'],
  ['overnight, evening', 'UTC', '2026-11-21T23:00Z', ['22:00-06:00'], 'open until 2026-11-22T06:00Z'],
  ['overnight, morning', 'UTC', '2026-11-22T05:59Z', ['22:00-06:00'], 'open until 2026-11-22T06:00Z'],
  ['overnight, day', 'UTC', '2026-11-22T06:00Z', ['22:00-06:00'], 'closed until 2026-11-22T22:00Z'],
  [
    'several: the next',
    'UTC',
    '2026-11-21T08:00Z',
    ['22:00-06:00', '12:00-13:00'],
    'closed until 2026-11-21T12:00Z',
  ],
  [
    'adjacent: one',
    'UTC',
    '2026-11-21T23:00Z',
    ['22:00-24:00', '00:00-02:00'],
    'open until 2026-11-22T02:00Z',
  ],
  ['the whole day', 'UTC', '2026-11-21T23:00Z', ['00:00-24:00'], 'open until never'],
  ['the whole day in parts', 'UTC', '2026-11-21T23:00Z', ['08:00-20:00', '20:00-08:00'], 'open until never'],
  ['none', 'UTC', '2026-11-21T23:00Z', [], 'open until never'],
  ['local time', 'Asia/Kathmandu', '2026-11-21T12:00Z', ['22:00-06:00'], 'closed until 2026-11-21T16:15Z'],
  // Berlin: 2026-03-29 02:00 becomes 03:00 at 01:00Z.
  [
    'starts in the hour that is left out',
    'Europe/Berlin',
    '2026-03-29T00:30Z',
    ['02:30-05:00'],
    'closed until 2026-03-29T01:00Z',
  ],
  [
    'lies in the hour that is left out',
    'Europe/Berlin',
    '2026-03-29T00:30Z',
    ['02:10-02:50'],
    'closed until 2026-03-30T00:10Z',
  ],
  [
    'starts after the hour that is left out',
    'Europe/Berlin',
    '2026-03-29T00:50Z',
    ['03:00-03:10'],
    'closed until 2026-03-29T01:00Z',
  ],
  [
    'is an hour shorter',
    'Europe/Berlin',
    '2026-03-28T22:00Z',
    ['22:00-06:00'],
    'open until 2026-03-29T04:00Z',
  ],
  // Berlin: 2026-10-25 03:00 becomes 02:00 at 01:00Z.
  [
    'is an hour longer',
    'Europe/Berlin',
    '2026-10-24T21:00Z',
    ['22:00-06:00'],
    'open until 2026-10-25T05:00Z',
  ],
  [
    'ends in the hour that comes twice',
    'Europe/Berlin',
    '2026-10-24T22:00Z',
    ['22:00-02:30'],
    'open until 2026-10-25T00:30Z',
  ],
  ['comes twice', 'Europe/Berlin', '2026-10-25T00:30Z', ['02:00-02:30'], 'closed until 2026-10-25T01:00Z'],
  // Lord Howe: half an hour, 2026-10-04 02:00 becomes 02:30 at 2026-10-03T15:30Z.
  [
    'half an hour is left out',
    'Australia/Lord_Howe',
    '2026-10-03T15:20Z',
    ['02:10-04:00'],
    'closed until 2026-10-03T15:30Z',
  ],
  // Apia: 2011-12-30 never was.
  ['a day is left out', 'Pacific/Apia', '2011-12-30T08:30Z', ['22:00-06:00'], 'open until 2011-12-30T16:00Z'],
];

test.each(cases)('%s', (_what, zone, now, windows, expected) => {
  const opening = openingAt(windows.map(window), Date.parse(now), wallClock(zone));
  const moment = opening.kind === 'open' ? opening.closesMs : opening.opensMs;
  const shown = moment === Infinity ? 'never' : new Date(moment).toISOString().replace(':00.000Z', 'Z');
  expect(`${opening.kind} until ${shown}`).toBe(expected);
});

test('what is said of a moment holds from then on, in every zone and on every day', () => {
  const minuteOfDay = fc.integer({ min: 0, max: 24 * 60 - 1 });
  const anyWindow = fc.tuple(minuteOfDay, minuteOfDay).filter(([start, end]) => start !== end);
  fc.assert(
    fc.property(
      fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Tehran', 'UTC'),
      fc.date({ min: new Date('2024-01-01'), max: new Date('2027-12-31'), noInvalidDate: true }),
      fc.array(anyWindow, { minLength: 1, maxLength: 3 }),
      (zone, now, pairs) => {
        const clock = wallClock(zone);
        const windows = pairs.map(([start, end]) => ({ startMs: start * minuteMs, endMs: end * minuteMs }));
        const opening = openingAt(windows, now.getTime(), clock);
        const moment = opening.kind === 'open' ? opening.closesMs : opening.opensMs;
        if (moment === Infinity) return;
        const kindAt = (ms: number): string => openingAt(windows, ms, clock).kind;
        expect(moment).toBeGreaterThan(now.getTime());
        expect(kindAt(moment)).not.toBe(opening.kind);
        expect(kindAt(moment - 1)).toBe(opening.kind);
        const before = now.getTime() + (moment - now.getTime()) / 2;
        expect(kindAt(Math.floor(before))).toBe(opening.kind);
      },
    ),
    { numRuns: 200 },
  );
});

test('hosts start at moments of their own, within the jitter and the first half of the window', () => {
  const [night] = [window('22:00-06:00')];
  const starts = [0, 0.25, 0.5, 0.999].map(
    (fraction) => hostWindows([night], 30 * minuteMs, fraction)[0]?.startMs,
  );
  expect(starts).toEqual([1320, 1327.5, 1335, 1349.97].map((minutes) => minutes * minuteMs));
  expect(hostWindows([window('23:50-00:30')], 3_600_000, 0.75)).toEqual([
    { startMs: 5 * minuteMs, endMs: 30 * minuteMs },
  ]);
  const always = [window('00:00-24:00')];
  expect(hostWindows(always, 3_600_000, 0.75)).toEqual(always);
});

test('a closed window is a Failure that says until when', () => {
  const clock = wallClock('Europe/Berlin');
  const windows = [{ startMs: 22 * 3_600_000 + 1, endMs: 6 * 3_600_000 }];
  const now = Date.parse('2026-11-21T12:00Z');
  let failure: Failure | undefined;
  try {
    checkWindow(windows, now, clock);
  } catch (error) {
    failure = error as Failure;
  }
  expect(failure?.code).toBe('Postponed');
  expect(failure?.message).toBe(
    'downloads wait until 2026-11-21 22:01, when the window of fetch.window opens',
  );
  expect(failure?.retryAfterMs).toBe(9 * 3_600_000 + 1);
  expect(() => checkWindow(windows, now + 10 * 3_600_000, clock)).not.toThrow();
});
