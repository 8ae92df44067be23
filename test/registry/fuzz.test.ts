import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Failure } from '../../src/model/failure.ts';
import { endpointsOf } from '../../src/registry/endpoints.ts';
import { findAuth, parseAuthFile } from '../../src/registry/parse-auth-file.ts';
import { parseAuthenticate } from '../../src/registry/parse-authenticate.ts';
import { parseConfig } from '../../src/registry/parse-config.ts';
import { parseManifest } from '../../src/registry/parse-manifest.ts';
import { mergeRegistriesConf } from '../../src/registry/merge-registries-conf.ts';
import { parseRegistriesConf } from '../../src/registry/parse-registries-conf.ts';
import { redirectTarget } from '../../src/registry/redirect.ts';
import { parseRetryAfter } from '../../src/registry/retry.ts';
import { configText, imageText, indexText, refer, sha256 } from './sample.ts';

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

const auth =
  '{"auths":{"a.test/x":{"auth":"dTpw","identitytoken":"t"}},"credHelpers":{"b":"c"},"credsStore":"d"}';
const conf = `credential-helpers = ["a"]
[[registry]]
prefix = "*.a.test"
[[registry]]
prefix = "a.test/x"
location = "b.test"
insecure = true
[[registry.mirror]]
location = "m.test/y"
pull-from-mirror = "digest-only"
[aliases]
"x" = "a.test/x"
`;
const type = fc.option(fc.constantFrom('text/plain', 'application/vnd.oci.image.index.v1+json', ';;'), {
  nil: undefined,
});

test('manifests and configs', () => {
  fc.assert(
    fc.property(fc.oneof(damaged(imageText, indexText, configText), fc.json()), type, (text, contentType) => {
      const bytes = Buffer.from(text);
      expect(defect(() => parseManifest(bytes, sha256(bytes), contentType, 'it'))).toBeUndefined();
      expect(defect(() => parseConfig(bytes, 'it'))).toBeUndefined();
    }),
    { numRuns: 1_000 },
  );
});

test('manifests of any bytes, and nested deeply', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(defect(() => parseManifest(Buffer.from(bytes), sha256(bytes), undefined, 'it'))).toBeUndefined();
    }),
  );
  const deep = `{"schemaVersion":2,"layers":${'['.repeat(500_000)}`;
  expect(defect(() => parseManifest(Buffer.from(deep), sha256(deep), undefined, 'it'))).toBeUndefined();
});

test('auth files', () => {
  fc.assert(
    fc.property(fc.oneof(damaged(auth), fc.json()), fc.string(), (text, domain) => {
      expect(defect(() => findAuth(parseAuthFile(text, 'f'), domain, 'x/y'))).toBeUndefined();
    }),
    { numRuns: 1_000 },
  );
});

test('registries.conf', () => {
  fc.assert(
    fc.property(
      fc.oneof(damaged(conf), fc.string()),
      fc.constantFrom('a.test', 'q.a.test', 'c'),
      (text, host) => {
        expect(
          defect(() => {
            const merged = mergeRegistriesConf([
              parseRegistriesConf(text, 'f'),
              parseRegistriesConf(conf, 'g'),
            ]);
            expect(endpointsOf(refer(host, 'x/app:1'), merged)).not.toHaveLength(0);
          }),
        ).toBeUndefined();
      },
    ),
    { numRuns: 1_000 },
  );
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
    const start = performance.now();
    parseAuthenticate(hostile);
    expect(performance.now() - start).toBeLessThan(1_000);
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
