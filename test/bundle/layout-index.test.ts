import { expect, test } from 'vitest';
import { type Member, membersOf, setsOf, setText, withSet } from '../../src/bundle/layout-index.ts';
import type { Digest } from '../../src/model/digest.ts';
import type { Descriptor } from '../../src/model/manifest.ts';

const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}` as Digest;
const mediaType = 'application/vnd.oci.image.manifest.v1+json';
const os: Member = { role: 'os', name: 'quay.io/ex/os:42', mediaType, digest: digest('1'), sizeBytes: 10 };
const web: Member = {
  role: 'bound',
  name: 'quay.io/ex/web:1',
  mediaType,
  digest: digest('2'),
  sizeBytes: 20,
};
const set = { digest: digest('9'), sizeBytes: 90 };

/** What a reader of the text gets. */
function manifestsOf(text: string): Descriptor[] {
  const { manifests } = JSON.parse(text) as {
    manifests: (Omit<Descriptor, 'sizeBytes'> & { size: number })[];
  };
  return manifests.map(({ size, ...rest }) => ({
    ...rest,
    sizeBytes: size,
    annotations: rest.annotations ?? {},
  }));
}

const names = (text: string): (string | undefined)[] =>
  manifestsOf(text).map(({ annotations }) => annotations['org.opencontainers.image.ref.name']);

test('a set is read as it was written, and the same members make the same text', () => {
  const text = setText([os, web]);
  expect(membersOf(manifestsOf(text))).toEqual([os, web]);
  expect(setText([os, web])).toBe(text);
});

test.each<[string, readonly Descriptor[]]>([
  ['an index without roles', [{ mediaType, digest: digest('1'), sizeBytes: 1, annotations: {} }]],
  ['one that begins with no OS image', manifestsOf(setText([web, os]))],
  ['an empty one', []],
])('%s is no set', (_, manifests) => {
  expect(membersOf(manifests)).toBeUndefined();
});

test('a layout has the OS image as its tag, the set beside it, and the rest by name', () => {
  const text = withSet('{"schemaVersion":2,"manifests":[]}', '42', set, [os, web]);
  expect(names(text)).toEqual(['42', 'quay.io/ex/web:1', '42.set']);
  expect(setsOf(manifestsOf(text))).toMatchObject([
    { tag: '42', original: 'quay.io/ex/os:42', os: { digest: os.digest }, setDigest: set.digest },
  ]);
});

test('what has the same name gives way, and everything else stays', () => {
  const other = {
    mediaType,
    digest: digest('5'),
    size: 5,
    annotations: { 'org.opencontainers.image.ref.name': 'mine' },
  };
  const unnamed = { mediaType, digest: digest('6'), size: 6 };
  const before = JSON.stringify({
    schemaVersion: 2,
    manifests: [other, unnamed],
    annotations: { of: 'theirs' },
  });
  const first = withSet(before, '1', set, [os, web]);
  const moved = { ...web, digest: digest('3') };
  const second = withSet(first, '2', { ...set, digest: digest('8') }, [os, moved]);
  expect(names(second)).toEqual(['mine', undefined, '1', '1.set', '2', 'quay.io/ex/web:1', '2.set']);
  expect(manifestsOf(second).find(({ digest }) => digest === web.digest)).toBeUndefined();
  expect(JSON.parse(second)).toMatchObject({ annotations: { of: 'theirs' } });
  expect(withSet(second, '2', { ...set, digest: digest('8') }, [os, moved])).toBe(second);
});

test('an entry whose set is no digest is none', () => {
  const text = withSet('{}', '42', set, [os]).replaceAll(set.digest, 'sha256:../../etc/passwd');
  expect(setsOf(manifestsOf(text))).toEqual([]);
});
