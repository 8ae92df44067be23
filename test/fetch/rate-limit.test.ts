import { expect, test } from 'vitest';
import { createRateLimit } from '../../src/fetch/rate-limit.ts';

test('all that take share the rate, and it does not fall behind', async () => {
  const limit = createRateLimit(1_000_000, () => performance.now());
  const startMs = performance.now();
  const taker = async (): Promise<void> => {
    for (let count = 0; count < 20; count += 1) await limit.take(10_000, undefined);
  };
  await Promise.all([taker(), taker()]);
  const spentMs = performance.now() - startMs;
  expect(spentMs).toBeGreaterThan(390);
  expect(spentMs).toBeLessThan(1_000);
});

test('a pause is caught up for a moment only', () => {
  let nowMs = 0;
  const limit = createRateLimit(1_000, () => nowMs);
  nowMs = 60_000;
  expect(limit.take(200, undefined)).toBeUndefined();
  const stop = AbortSignal.abort();
  return expect(limit.take(1, stop)).rejects.toMatchObject({ code: 'Cancelled' });
});
