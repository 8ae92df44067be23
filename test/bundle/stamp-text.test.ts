import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseStamp, stampOf } from '../../src/bundle/stamp-text.ts';
import type { BoundSet } from '../../src/model/definition.ts';
import { definition } from '../support/samples.ts';

const problem = {
  file: '/usr/lib/bootc/bound-images.d/b.image',
  line: 3,
  code: 'target-missing',
  text: 'A text.\nOf two lines.',
  severity: 'error',
  failsBootc: true,
} as const;
const boundSet: BoundSet = {
  definitions: [
    definition('quay.io/ex/a:1', {
      authFile: '/etc/auth.json',
      tlsVerify: false,
      policy: 'always',
      retry: 0,
    }),
    definition(`quay.io/ex/b@sha256:${'b'.repeat(64)}`),
  ],
  problems: [problem],
};

/** The sample's stamp with something in it changed. */
function changed(
  change: (document: { definitions: Record<string, unknown>[]; [key: string]: unknown }) => void,
) {
  const document = JSON.parse(stampOf(boundSet)) as Parameters<typeof change>[0];
  change(document);
  return parseStamp(JSON.stringify(document));
}

test('a stamp is one line, and gives back what was stamped', () => {
  expect(stampOf(boundSet)).not.toMatch(/[\n\r]/);
  expect(parseStamp(stampOf(boundSet))).toEqual(boundSet);
  expect(parseStamp(stampOf({ definitions: [], problems: [] }))).toEqual({ definitions: [], problems: [] });
});

test.for([{ creds: 'user:geheim' }, { decryptionKey: '/key:geheim' }])(
  'a secret is not in it: %o',
  (pull) => {
    const text = stampOf({ definitions: [definition('quay.io/ex/a:1', pull)], problems: [] });
    expect(text).not.toContain('geheim');
    expect(JSON.parse(text)).toMatchObject({ definitions: [{ secret: true }] });
    expect(parseStamp(text)).toBeUndefined();
  },
);

test('more than 64 KiB are refused, written and read', () => {
  const many = Array.from({ length: 400 }, (_, at) => definition(`quay.io/ex/image-${at}:1`));
  expect(() => stampOf({ definitions: many, problems: [] })).toThrow(/65536 is its limit/);
  const padded = stampOf(boundSet).padEnd(64 * 1024 + 1);
  expect(parseStamp(padded)).toBeUndefined();
  expect(parseStamp(padded.slice(0, -1))).toEqual(boundSet);
});

describe('what is odd is no stamp', () => {
  const first = (set: object) => changed(({ definitions: [each] }) => Object.assign(each ?? {}, set));
  test('the sample itself is one', () => expect(first({})).toEqual(boundSet));
  test.for([
    ['another schema', () => changed((all) => Object.assign(all, { schema: 2 }))],
    ['an unknown key', () => changed((all) => Object.assign(all, { more: 1 }))],
    ['an unknown key of a definition', () => first({ digest: 'x' })],
    ['an unknown pull option', () => first({ pull: { creds: 'a:b' } })],
    ['an image that is no reference', () => first({ image: 'Quay.io/UPPER' })],
    ['no image', () => first({ image: '' })],
    ['a relative path', () => first({ file: 'etc/x' })],
    ['a line that is none', () => first({ line: 0 })],
    ['no definitions', () => changed((all) => Reflect.deleteProperty(all, 'definitions'))],
    ['no JSON', () => parseStamp('{')],
    ['nothing', () => parseStamp('')],
  ] as const)('%s', ([, read]) => expect(read()).toBeUndefined());
});

test('any text is a stamp or none, never an exception', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const read = parseStamp(text);
      expect(read === undefined || read.definitions.length === 0).toBe(true);
    }),
    { numRuns: 300 },
  );
});
