import { expect, test } from 'vitest';
import { adaptParallelism, firstParallelism } from '../../src/fetch/parallelism.ts';

/** How many run after each sample, where so many downloads together have a rate. */
function run(samples: number, rateOf: (count: number) => number): readonly number[] {
  const counts: number[] = [];
  let now = firstParallelism(6);
  for (let sample = 0; sample < samples; sample += 1) {
    now = adaptParallelism(now, { kind: 'rate', bytesPerSecond: rateOf(now.count) });
    counts.push(now.count);
  }
  return counts;
}

test('a link that two connections fill: a third is tried, given up, and tried again much later', () => {
  const counts = run(60, () => 1_000);
  expect(counts.slice(0, 3)).toEqual([3, 3, 2]);
  expect(Math.max(...counts)).toBe(3);
  expect(counts.filter((count) => count === 3).length).toBeLessThan(9);
});

test('a server that limits each connection: as many as are allowed', () => {
  const counts = run(30, (count) => count * 1_000);
  expect(Math.max(...counts)).toBe(6);
  expect(counts.at(-1)).toBe(6);
});

test('one that has enough at four', () => {
  expect(run(12, (count) => Math.min(count, 4) * 1_000).at(-1)).toBe(4);
});

test('an overloaded server gets fewer, but never none', () => {
  const once = adaptParallelism(firstParallelism(6), { kind: 'overload' });
  expect(once.count).toBe(1);
  expect(adaptParallelism(once, { kind: 'overload' }).count).toBe(1);
  expect(adaptParallelism(once, { kind: 'rate', bytesPerSecond: 1 }).count).toBe(1);
});
