import { expect, test } from 'vitest';
import { needFor } from '../../../src/cockpit/text/need.ts';
import { makeImage } from '../make-image.ts';

const boundBy = [{ slot: 'candidate', file: '/usr/lib/bootc/bound-images.d/app.image' }];

test('sums up what a deployment lacks', () => {
  const images = [
    makeImage({ boundBy }),
    makeImage({ boundBy, state: 'missing', bytesToFetch: 40 }),
    makeImage({ state: 'missing', bytesToFetch: 1000 }),
  ];
  expect(needFor(images, 'candidate')).toEqual({ bound: 2, missing: 1, bytesToFetch: 40, isComplete: true });
  const unknown = makeImage({ boundBy, state: 'missing', bytesToFetch: -1 });
  expect(needFor([...images, unknown], 'candidate')).toEqual({
    bound: 3,
    missing: 2,
    bytesToFetch: 40,
    isComplete: false,
  });
});
