import { expect, test } from 'vitest';
import { shortDigest, splitReference } from '../../../src/cockpit/text/reference.ts';

test.each([
  ['quay.io/ex/app:1', 'quay.io/ex/app', '1', ''],
  ['localhost:5000/app', 'localhost:5000/app', '', ''],
  ['localhost:5000/app:2@sha256:ab', 'localhost:5000/app', '2', 'sha256:ab'],
  ['docker://quay.io/ex/os:42', 'quay.io/ex/os', '42', ''],
  ['ostree-unverified-registry:quay.io/ex/os', 'ostree-unverified-registry:quay.io/ex/os', '', ''],
  ['', '', '', ''],
])('%s', (reference, name, tag, digest) => {
  expect(splitReference(reference)).toEqual({ name, tag, digest });
});

test('a digest is shortened as podman does', () => {
  expect(shortDigest(`sha256:${'0123456789abcdef'.repeat(4)}`)).toBe('0123456789ab');
  expect(shortDigest('')).toBe('');
});
