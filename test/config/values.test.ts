import { expect, test } from 'vitest';
import { parseDuration } from '../../src/config/parse-duration.ts';
import { parseSize } from '../../src/config/parse-size.ts';
import { parseWindows } from '../../src/config/parse-window.ts';

test.each([
  [0, 0],
  [20_000, 20_000],
  ['0B', 0],
  ['500 MB', 500e6],
  ['1.5GB', 1.5e9],
  ['0.1GB', 1e8],
  ['4KiB', 4096],
  ['2GiB', 2 * 2 ** 30],
  ['1kB', 1000],
  [-1, undefined],
  [1.5, undefined],
  [2 ** 53, undefined],
  [Number.NaN, undefined],
  ['20', undefined],
  ['10M', undefined],
  ['10mb', undefined],
  ['10 Mbit', undefined],
  ['-1GB', undefined],
  ['1e3B', undefined],
  ['99999999TB', undefined],
  ['1 constructor', undefined],
  ['', undefined],
  [true, undefined],
])('size %j', (value, bytes) => {
  expect(parseSize(value)).toBe(bytes);
});

test.each([
  ['0s', 0],
  ['500ms', 500],
  ['90s', 90_000],
  ['30min', 1_800_000],
  ['1h 30min', 5_400_000],
  ['1h30min', 5_400_000],
  ['1.5 h', 5_400_000],
  ['1d', 86_400_000],
  ['366d', 366 * 86_400_000],
  ['367d', undefined],
  ['90', undefined],
  [90, undefined],
  ['30m', undefined],
  ['-1s', undefined],
  ['1h x', undefined],
  ['', undefined],
])('duration %j', (value, ms) => {
  expect(parseDuration(value)).toBe(ms);
});

const hour = 3_600_000;

test.each([
  ['22:00-06:00', [{ startMs: 22 * hour, endMs: 6 * hour }]],
  ['22:30 - 24:00', [{ startMs: 22.5 * hour, endMs: 24 * hour }]],
  [
    ['00:00-01:00', '12:00-13:00'],
    [
      { startMs: 0, endMs: hour },
      { startMs: 12 * hour, endMs: 13 * hour },
    ],
  ],
  [[], []],
  ['06:00-06:00', undefined],
  ['24:00-06:00', undefined],
  ['22:00-24:01', undefined],
  ['22:60-23:00', undefined],
  ['25:00-26:00', undefined],
  ['9:00-10:00', undefined],
  ['22:00', undefined],
  ['', undefined],
  [['22:00-06:00', 7], undefined],
  [Array.from({ length: 51 }, () => '22:00-06:00'), undefined],
])('window %j', (value, windows) => {
  expect(parseWindows(value)).toEqual(windows);
});
