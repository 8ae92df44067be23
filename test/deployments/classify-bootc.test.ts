import { expect, test } from 'vitest';
import { classifyBootc } from '../../src/deployments/classify-bootc.ts';

test.each([
  ['error: Upgrading: No staged deployment found', 'NotFound'],
  ['error: No staged deployment', 'NotFound'],
  [
    'error: Upgrading: failed to invoke method OpenImage: pinging container registry 127.0.0.1:5000: Get "http://127.0.0.1:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused',
    'Transient',
  ],
  ['dial tcp: lookup quay.io: no such host', 'Transient'],
  ['Error: received unexpected HTTP status: 503 Service Unavailable', 'Transient'],
  [
    'reading manifest latest in quay.io/ex/os: unauthorized: access to the requested resource is not authorized',
    'Authentication',
  ],
  ['reading manifest 2 in 127.0.0.1:5000/missing: manifest unknown', 'NotFound'],
  ['Source image rejected: A signature was required, but no signature exists', 'Policy'],
  ['error: Importing: writing: No space left on device (os error 28)', 'NoSpace'],
  ['error: min-free-space-percent: would be exceeded', 'NoSpace'],
  ['error: Querying bound images: Not a symlink: app.image', 'ProgramFailed'],
  ['', 'ProgramFailed'],
])('%j is %s', (stderr, code) => {
  expect(classifyBootc(stderr)).toBe(code);
});
