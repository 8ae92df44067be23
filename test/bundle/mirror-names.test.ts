import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { mirroredPath, mirroredTag, mirrorsConf } from '../../src/bundle/mirror-names.ts';
import type { Digest } from '../../src/model/digest.ts';
import { parseReference, type Reference } from '../../src/model/reference.ts';

function refer(text: string): Reference {
  const parsed = parseReference(text);
  if (parsed.kind === 'problem') throw new Error(parsed.text);
  return parsed.reference;
}

const digest = `sha256:${'ab12'.repeat(16)}` as Digest;

test.each([
  ['offline', 'quay.io/ex/web:1', 'offline/quay.io/ex/web', '1'],
  ['', 'quay.io/ex/web', 'quay.io/ex/web', 'latest'],
  ['a/b', 'localhost:5000/web:1', 'a/b/localhost-5000/web', '1'],
  ['a', '[::1]:5000/web:1', 'a/1--5000/web', '1'],
  ['a', 'nginx:1', 'a/docker.io/library/nginx', '1'],
  ['a', `quay.io/ex/web@${digest}`, 'a/quay.io/ex/web', 'bound-ab12ab12ab12'],
  ['a', `quay.io/ex/web:1@${digest}`, 'a/quay.io/ex/web', '1'],
])('below "%s", %s is %s:%s', (prefix, text, path, tag) => {
  const place = { domain: 'mirror.example', prefix };
  expect(mirroredPath(place, refer(text))).toBe(path);
  expect(mirroredTag(refer(text), digest)).toBe(tag);
  // What is made of it is a repository that any registry takes.
  expect(parseReference(`mirror.example/${path}:${tag}`).kind).toBe('reference');
});

test('a drop-in has each repository once, with the registry as its mirror', () => {
  const place = { domain: 'mirror.example:5000', prefix: 'offline' };
  const references = ['quay.io/ex/web:1', 'quay.io/ex/web:2', 'docker.io/library/db:1'].map(refer);
  expect(parse(mirrorsConf(place, references))).toEqual({
    registry: [
      {
        prefix: 'docker.io/library/db',
        location: 'docker.io/library/db',
        mirror: [{ location: 'mirror.example:5000/offline/docker.io/library/db' }],
      },
      {
        prefix: 'quay.io/ex/web',
        location: 'quay.io/ex/web',
        mirror: [{ location: 'mirror.example:5000/offline/quay.io/ex/web' }],
      },
    ],
  });
});
