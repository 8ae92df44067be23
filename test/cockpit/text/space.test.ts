import { expect, test } from 'vitest';
import { divideSpace } from '../../../src/cockpit/text/space.ts';
import { makeDeployment, makeImage } from '../make-image.ts';

test('each byte is of one deployment alone, of several or of none, and all are what the store takes', () => {
  const deployments = [
    makeDeployment({ slot: 'candidate', storageBytes: 900, ownBytes: 5 }),
    makeDeployment({ slot: 'staged', storageBytes: 900, ownBytes: 60 }),
    makeDeployment({ slot: 'booted', storageBytes: 900, ownBytes: 700 }),
    makeDeployment({ slot: 'other', ownBytes: 0 }),
  ];
  const space = { sharedBytes: 8_000, unboundBytes: 90_000, freeBytes: -1 };
  const host = { deployments, space, storageBytes: 98_765 };
  const { shares, savedBytes } = divideSpace(host, [makeImage({ sizeBytes: 10_000 })]);
  expect(shares).toEqual([
    { needer: 'booted', bytes: 700 },
    { needer: 'shared', bytes: 8_000 },
    { needer: 'next', bytes: 65 },
    { needer: 'nobody', bytes: 90_000 },
  ]);
  expect(savedBytes).toBe(10_000 - 8_765);
});

test('an empty store is divided among nobody', () => {
  const space = { sharedBytes: 0, unboundBytes: 0, freeBytes: 5 };
  const host = { deployments: [makeDeployment()], space, storageBytes: 0 };
  expect(divideSpace(host, [makeImage({ sizeBytes: 0 })])).toEqual({ shares: [], savedBytes: 0 });
});
