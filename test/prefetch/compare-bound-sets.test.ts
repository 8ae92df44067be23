import { expect, it } from 'vitest';
import { compareBoundSets } from '../../src/prefetch/compare-bound-sets.ts';
import { definition } from '../support/samples.ts';

it('tells what an OS image adds, changes, keeps and drops', () => {
  const now = ['example.com/kept:1', 'example.com/moved:1', 'example.com/gone:1'].map((image) =>
    definition(image),
  );
  const next = ['example.com/kept:1', 'example.com/moved:2', 'example.com/added:1'].map((image) =>
    definition(image),
  );
  expect(compareBoundSets(now, next)).toEqual([
    { image: 'example.com/kept:1', change: 'kept' },
    { image: 'example.com/moved:2', change: 'changed' },
    { image: 'example.com/added:1', change: 'new' },
    { image: 'example.com/gone:1', change: 'dropped' },
  ]);
});
