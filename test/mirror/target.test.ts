import { expect, test } from 'vitest';
import { parseTarget } from '../../src/mirror/target.ts';

test.each([
  ['oci:/media/usb', { kind: 'layout', path: '/media/usb' }],
  ['oci-archive:/media/set.tar', { kind: 'archive', path: '/media/set.tar' }],
  ['docker://mirror.example', { kind: 'registry', place: { domain: 'mirror.example', prefix: '' } }],
  [
    'docker://mirror.example:5000/a/b/',
    { kind: 'registry', place: { domain: 'mirror.example:5000', prefix: 'a/b' } },
  ],
  ['docker://localhost/a', { kind: 'registry', place: { domain: 'localhost', prefix: 'a' } }],
])('%s', (text, target) => {
  expect(parseTarget(text)).toMatchObject(target);
});

test.each([
  ['/media/usb', 'it is of no known kind'],
  ['oci:', 'it is of no known kind'],
  ['oci:/media/usb:42', 'a tag is given by --tag'],
  ['dir:/media/usb', 'it is of no known kind'],
  ['docker://', 'it is of no known kind'],
  ['docker://mirror', '"mirror" is no registry host'],
  ['docker://mirror.example/UPPER', 'upper-case'],
  ['docker://mirror.example/a:1', 'no repository name'],
])('%s is refused', (text, why) => {
  expect(() => parseTarget(text)).toThrow(
    expect.objectContaining({ code: 'Usage', message: expect.stringContaining(why) }),
  );
});
