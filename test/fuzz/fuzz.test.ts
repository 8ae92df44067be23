import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { targets } from './targets.ts';

test.each(targets.map(({ name, property }) => [name, property] as const))(
  '%s: nothing but Failures, and it ends',
  { timeout: 30_000 },
  async (_, property) => {
    await expect(fc.assert(property, { numRuns: 150, endOnFailure: true })).resolves.toBeUndefined();
  },
);
