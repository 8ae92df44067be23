import { expect, test } from 'vitest';
import { filterImages, sortImages } from '../../../src/cockpit/text/select-images.ts';
import { makeImage } from '../make-image.ts';

const web = makeImage({ reference: 'quay.io/ex/web:1', sizeBytes: 10, digest: 'sha256:beef' });
const api = makeImage({ reference: 'quay.io/ex/api:1', sizeBytes: 30, state: 'missing' });
const db = makeImage({
  reference: 'docker.io/library/db:1',
  sizeBytes: 20,
  state: 'damaged',
  boundBy: [{ slot: 'rollback', file: '/usr/lib/bootc/bound-images.d/store.image' }],
});
const old = makeImage({ reference: 'quay.io/ex/old:1', lastError: 'the registry did not answer' });
const images = [web, api, db, old];

test.each([
  ['', '', images],
  ['QUAY api', '', [api]],
  ['beef', '', [web]],
  ['store.image', '', [db]],
  ['rollback', '', [db]],
  ['', 'missing', [api]],
  ['quay', 'attention', [api, old]],
  ['nothing has this', '', []],
])('of %j in state %j', (words, state, found) => {
  expect(filterImages(images, words, state)).toEqual(found);
});

test.each([
  ['reference', false, [db, api, old, web]],
  ['reference', true, [web, old, api, db]],
  ['state', false, [db, api, old, web]],
  ['size', true, [old, api, db, web]],
] as const)('by %s', (column, descending, sorted) => {
  expect(sortImages(images, column, descending)).toEqual(sorted);
});
