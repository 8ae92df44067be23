import { expect, test } from 'vitest';
import { countBytes } from '../../src/prefetch/count-bytes.ts';
import { openDocument } from '../../src/state/open-document.ts';
import { dayBudgetKind } from '../../src/state/day-budget.ts';
import { wallClock } from '../../src/fetch/wall-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const mebibyte = 1024 * 1024;
const clock = wallClock('UTC');
const nowMs = Date.parse('2026-11-21T12:00:00Z');
const today = '2026-11-21';

test('bytes are spent before they are used, and given back where they were not', async () => {
  await using folder = await temporaryFolder();
  const ledger = await openDocument(folder.path, dayBudgetKind, nowMs);
  const count = countBytes(ledger, 100 * mebibyte, clock, () => nowMs);
  expect(count.left()).toBe(100 * mebibyte);
  count.add(5);
  count.add(10 * mebibyte);
  // A kill now gives none of these twice.
  expect(ledger.value().bytesByDay[today]).toBe(16 * mebibyte);
  expect(count.left()).toBe(90 * mebibyte - 5);
  count.add(10 * mebibyte);
  expect(ledger.value().bytesByDay[today]).toBe(32 * mebibyte);
  expect(count.left()).toBe(80 * mebibyte - 5);
  await count[Symbol.asyncDispose]();
  const read = await openDocument(folder.path, dayBudgetKind, nowMs);
  expect(read.value().bytesByDay[today]).toBe(20 * mebibyte + 5);
});

test('without a limit bytes count all the same', async () => {
  await using folder = await temporaryFolder();
  const ledger = await openDocument(folder.path, dayBudgetKind, nowMs);
  const count = countBytes(ledger, 0, clock, () => nowMs);
  count.add(7);
  expect(count.left()).toBe(Infinity);
  await count[Symbol.asyncDispose]();
  expect(ledger.value().bytesByDay[today]).toBe(7);
});
