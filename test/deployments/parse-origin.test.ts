import { expect, test } from 'vitest';
import { parseOrigin } from '../../src/deployments/parse-origin.ts';

// The forms of ostree-ext, OstreeImageReference.
test.each([
  ['ostree-unverified-registry:quay.io/ex/os:1', 'docker://quay.io/ex/os:1'],
  ['ostree-unverified-image:registry:quay.io/ex/os:1', 'docker://quay.io/ex/os:1'],
  ['ostree-unverified-image:docker://quay.io/ex/os:1', 'docker://quay.io/ex/os:1'],
  ['ostree-image-signed:docker://quay.io/ex/os@sha256:00', 'docker://quay.io/ex/os@sha256:00'],
  ['ostree-remote-registry:fedora:quay.io/ex/os:1', 'docker://quay.io/ex/os:1'],
  ['ostree-remote-image:fedora:docker://quay.io/ex/os:1', 'docker://quay.io/ex/os:1'],
  ['ostree-unverified-image:oci:/var/os', 'oci:/var/os'],
  ['quay.io/ex/os', undefined],
])('%s is %s', (value, expected) => {
  expect(parseOrigin(`[origin]\ncontainer-image-reference=${value}\n\n[libostree-transient]\n`)).toBe(
    expected,
  );
});

test.each([
  '',
  '[origin]\nrefspec=fedora:fedora/x86_64\n',
  `container-image-reference=ostree-unverified-registry:${'a'.repeat(2000)}`,
])('no image is named: %j', (text) => {
  expect(parseOrigin(text)).toBeUndefined();
});
