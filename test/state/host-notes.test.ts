import { expect, test } from 'vitest';
import { isOver } from '../../src/state/host-notes.ts';

const hourUs = 3_600_000_000;
const nowUs = 1_795_000_000_000_000;

test.each([
  ['its moment has come', 0, true],
  ['it is to come', 20 * hourUs, false],
  ['a window two days away', 48 * hourUs, false],
  ['the clock was put back by years', 24 * 365 * hourUs, true],
])('what was postponed, and %s', (_what, inUs, over) => {
  expect(isOver({ untilUs: nowUs + inUs, reason: '' }, nowUs)).toBe(over);
});
