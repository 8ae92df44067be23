import { expect, test } from 'vitest';
import { readFailure } from '../../src/store/store-failure.ts';

test.each([
  ['EACCES', 'StoreUnknown', /owner/],
  ['ENOTDIR', 'StoreUnknown', /--store/],
  ['EIO', 'StoreDamaged', /backup/],
])('%s', (errno, code, remedy) => {
  const failure = readFailure(Object.assign(new Error(errno), { code: errno }), '/store/overlay-images');
  expect(failure.code).toBe(code);
  expect(failure.message).toMatch(remedy);
  expect(failure.message).toContain('/store/overlay-images');
});
