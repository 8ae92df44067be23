import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Failure } from '../../src/model/failure.ts';
import { parseAuthenticate } from '../../src/registry/parse-authenticate.ts';
import { parseManifest } from '../../src/registry/parse-manifest.ts';
import { redirectTarget } from '../../src/registry/redirect.ts';
import { parseRetryAfter } from '../../src/registry/retry.ts';
import { sha256 } from './sample.ts';

/** What is thrown, but for a Failure. */
function defect(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error instanceof Failure && error.code !== 'Internal' ? undefined : error;
  }
  return undefined;
}

/** A text with a piece of it replaced by something else. */
function damaged(...texts: string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom('null', '-1', '1e999', '"', '[[', '{}', '__proto__', '\0', '\n', 'true', '"*."', '//'),
  );
  return fc.tuple(fc.constantFrom(...texts), fc.nat(), fc.nat(20), piece).map(([text, at, length, put]) => {
    const from = at % (text.length + 1);
    return text.slice(0, from) + put + text.slice(from + length);
  });
}

test('manifests nested deeply', () => {
  const deep = `{"schemaVersion":2,"layers":${'['.repeat(500_000)}`;
  expect(defect(() => parseManifest(Buffer.from(deep), sha256(deep), undefined, 'it'))).toBeUndefined();
});

test('WWW-Authenticate ends, in a time that grows with its length', () => {
  const some = damaged('Bearer realm="https://a/b",service="c",scope="d:e:f", Basic realm="g"');
  fc.assert(
    fc.property(fc.oneof(some, fc.string()), (header) => {
      for (const { scheme, parameters } of parseAuthenticate(header)) {
        expect(scheme).toBe(scheme.toLowerCase());
        expect(parameters).toBeInstanceOf(Map);
      }
    }),
    { numRuns: 1_000 },
  );
  for (const hostile of [
    'Basic a="'.padEnd(99_999, '\\'),
    'a '.repeat(50_000),
    ' ,'.repeat(50_000),
    'a='.repeat(50_000),
  ]) {
    // An expression that goes back over what it has read would take days, and the test runner ends it.
    expect(parseAuthenticate(hostile)).toBeInstanceOf(Array);
  }
});

test('redirects and Retry-After', () => {
  const location = fc.oneof(fc.string(), fc.webUrl(), damaged('https://user:pw@a.test/x?y#z'));
  fc.assert(
    fc.property(location, (text) => {
      expect(
        defect(() => {
          const url = redirectTarget(new URL('https://r.test/v2/'), text, false);
          expect([url.protocol, url.username, url.password]).toEqual(['https:', '', '']);
        }),
      ).toBeUndefined();
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parseRetryAfter(text, 0) ?? 0).toBeGreaterThanOrEqual(0);
    }),
  );
});
