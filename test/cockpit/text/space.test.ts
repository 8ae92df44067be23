import { expect, test } from 'vitest';
import { divideSpace } from '../../../src/cockpit/text/space.ts';
import { makeImage } from '../make-image.ts';

const file = '/usr/lib/bootc/bound-images.d/app.image';

test('an image counts for whom it is needed first', () => {
  const images = [
    makeImage({
      sizeBytes: 100,
      boundBy: [
        { slot: 'rollback', file },
        { slot: 'booted', file },
      ],
    }),
    makeImage({ sizeBytes: 50, boundBy: [{ slot: 'candidate', file }] }),
    makeImage({ sizeBytes: 30, boundBy: [{ slot: 'rollback', file }] }),
    makeImage({ sizeBytes: 0, boundBy: [{ slot: 'staged', file }] }),
  ];
  expect(divideSpace(images, 180)).toEqual({
    shares: [
      { needer: 'booted', images: 1, bytes: 100 },
      { needer: 'next', images: 1, bytes: 50 },
      { needer: 'rollback', images: 1, bytes: 30 },
    ],
    sharedBytes: 0,
  });
});

test('layers that are shared count once', () => {
  const images = [
    makeImage({ sizeBytes: 150 }),
    makeImage({ sizeBytes: 50, boundBy: [{ slot: 'rollback', file }] }),
  ];
  const { shares, sharedBytes } = divideSpace(images, 100);
  expect(shares.map(({ needer, bytes }) => [needer, bytes])).toEqual([
    ['booted', 75],
    ['rollback', 25],
  ]);
  expect(sharedBytes).toBe(100);
});

test('what no image accounts for is needed by nobody', () => {
  expect(divideSpace([], 70)).toEqual({
    shares: [{ needer: 'nobody', images: 0, bytes: 70 }],
    sharedBytes: 0,
  });
  expect(divideSpace([], 0)).toEqual({ shares: [], sharedBytes: 0 });
});
