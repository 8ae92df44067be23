import { expect, test } from 'vitest';
import {
  isShortName,
  isUntagged,
  parseReference,
  storeName,
  type Reference,
} from '../../src/model/reference.ts';

const sha256 = `sha256:${'0123456789abcdef'.repeat(4)}`;
const sha512 = `sha512:${'a'.repeat(128)}`;

function parsed(text: string): Reference {
  const result = parseReference(text);
  if (result.kind === 'problem') throw new Error(`${text}: ${result.text}`);
  return result.reference;
}

// text, domain, path, tag, digest, the name in the store
test.each([
  ['alpine', 'docker.io', 'library/alpine', undefined, undefined, 'docker.io/library/alpine:latest'],
  ['alpine:3', 'docker.io', 'library/alpine', '3', undefined, 'docker.io/library/alpine:3'],
  ['user/app', 'docker.io', 'user/app', undefined, undefined, 'docker.io/user/app:latest'],
  ['docker.io/alpine:3', 'docker.io', 'library/alpine', '3', undefined, 'docker.io/library/alpine:3'],
  ['index.docker.io/a/b:1', 'docker.io', 'a/b', '1', undefined, 'docker.io/a/b:1'],
  ['quay.io/a/b', 'quay.io', 'a/b', undefined, undefined, 'quay.io/a/b:latest'],
  ['quay.io/a/b:V1.2_x-3', 'quay.io', 'a/b', 'V1.2_x-3', undefined, 'quay.io/a/b:V1.2_x-3'],
  [`quay.io/a/b@${sha256}`, 'quay.io', 'a/b', undefined, sha256, `quay.io/a/b@${sha256}`],
  [`quay.io/a/b:1@${sha256}`, 'quay.io', 'a/b', '1', sha256, `quay.io/a/b:1@${sha256}`],
  [`quay.io/a/b@${sha512}`, 'quay.io', 'a/b', undefined, sha512, `quay.io/a/b@${sha512}`],
  ['localhost/app:1', 'localhost', 'app', '1', undefined, 'localhost/app:1'],
  ['localhost:5000/app', 'localhost:5000', 'app', undefined, undefined, 'localhost:5000/app:latest'],
  ['app:5000', 'docker.io', 'library/app', '5000', undefined, 'docker.io/library/app:5000'],
  ['app:5000/x:1', 'app:5000', 'x', '1', undefined, 'app:5000/x:1'],
  ['127.0.0.1:5000/x:1', '127.0.0.1:5000', 'x', '1', undefined, '127.0.0.1:5000/x:1'],
  ['[::1]:5000/x:1', '[::1]:5000', 'x', '1', undefined, '[::1]:5000/x:1'],
  ['[fe80::1]/x', '[fe80::1]', 'x', undefined, undefined, '[fe80::1]/x:latest'],
  ['MyHost/x:1', 'MyHost', 'x', '1', undefined, 'MyHost/x:1'],
  ['REGISTRY.example.com/x:1', 'REGISTRY.example.com', 'x', '1', undefined, 'REGISTRY.example.com/x:1'],
  ['a.b/c__d/e.f/g---h:1', 'a.b', 'c__d/e.f/g---h', '1', undefined, 'a.b/c__d/e.f/g---h:1'],
  ['a.b/x.image', 'a.b', 'x.image', undefined, undefined, 'a.b/x.image:latest'],
  [`a.b/c:${'t'.repeat(128)}`, 'a.b', 'c', 't'.repeat(128), undefined, `a.b/c:${'t'.repeat(128)}`],
  ['xn--n3h.com/a:1', 'xn--n3h.com', 'a', '1', undefined, 'xn--n3h.com/a:1'],
  [`a.b/${'c'.repeat(251)}:1`, 'a.b', 'c'.repeat(251), '1', undefined, `a.b/${'c'.repeat(251)}:1`],
])('%s', (text, domain, path, tag, digest, name) => {
  const reference = parsed(text);
  expect(reference).toEqual({ text, domain, path, ...(tag && { tag }), ...(digest && { digest }) });
  expect(storeName(reference)).toBe(name);
});

test.each([
  ['', 'empty'],
  ['quay.io/', 'no repository'],
  ['/a', 'no repository'],
  ['quay.io//a', 'no repository'],
  ['quay.io/A/b', 'upper-case'],
  ['Alpine', 'upper-case'],
  ['quay.io/a/b:', 'no tag'],
  ['quay.io/a/b:-x', 'no tag'],
  [`quay.io/a:${'t'.repeat(129)}`, 'no tag'],
  ['quay.io/a b', 'no repository'],
  ['quay.io/a/b:1 # comment', 'no tag'],
  ['quay.io/a@sha256:abc', 'no digest'],
  ['quay.io/a@', 'no digest'],
  [`quay.io/a@sha256:${'A'.repeat(64)}`, 'lower-case'],
  [`quay.io/a@md5:${'a'.repeat(32)}`, 'sha256'],
  [`quay.io/a@${sha256}@${sha256}`, 'no digest'],
  ['docker://quay.io/a:1', 'no registry host'],
  ['quay.io:port/a', 'no registry host'],
  ['-quay.io/a', 'no registry host'],
  ['quay..io/a', 'no registry host'],
  ['[::1/a', 'no registry host'],
  ['quay.io/a_-b', 'no repository'],
  ['quay.io/a___b', 'no repository'],
  ['quay.io/-a', 'no repository'],
  ['"quay.io/a:1"', 'no registry host'],
  ['ab'.repeat(32), 'image ID'],
  [`a.b/${'c'.repeat(252)}`, '255'],
  ['x'.repeat(5000), '1024'],
  ['quay.io/a\0b', 'no repository'],
  ['quay.io/a:1\n', 'no tag'],
])('%j is refused', (text, reason) => {
  expect(parseReference(text)).toEqual({ kind: 'problem', text: expect.stringContaining(reason) });
});

test.each([
  ['alpine', true],
  ['alpine:3', true],
  ['user/app:1', true],
  ['localhost/app', false],
  ['host:5000/app', false],
  ['quay.io/a/b', false],
  ['Host/app', false],
])('%s is short: %s', (text, short) => {
  expect(isShortName(text)).toBe(short);
});

test('a digest is as good as a tag', () => {
  expect(isUntagged(parsed('quay.io/a'))).toBe(true);
  expect(isUntagged(parsed('quay.io/a:1'))).toBe(false);
  expect(isUntagged(parsed(`quay.io/a@${sha256}`))).toBe(false);
});
