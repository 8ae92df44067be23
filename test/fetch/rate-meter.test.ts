import { expect, test } from 'vitest';
import { createRateMeter, remainingMs } from '../../src/fetch/rate-meter.ts';

test('a steady rate is told from the first look on, and a change within seconds', () => {
  let nowMs = 5_000;
  const meter = createRateMeter(() => nowMs);
  expect(meter.read()).toBe(0);
  const run = (seconds: number, bytesPerSecond: number): number => {
    for (let tick = 0; tick < seconds * 4; tick += 1) {
      meter.add(bytesPerSecond / 4);
      nowMs += 250;
      meter.read();
    }
    return meter.read();
  };
  expect(run(0.25, 1_000)).toBeCloseTo(1_000);
  expect(run(10, 1_000)).toBeCloseTo(1_000);
  expect(run(4, 0)).toBeCloseTo(1_000 / Math.E, -2);
  expect(run(30, 3_000)).toBeCloseTo(3_000, -1);
});

test('the time that is left', () => {
  expect(remainingMs(5_000, 1_000)).toBe(5_000);
  expect(remainingMs(0, 1_000)).toBe(0);
  expect(remainingMs(5_000, 0.5)).toBeUndefined();
});
