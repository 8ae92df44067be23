import { expect, test } from 'vitest';
import type { Failure } from '../../src/model/failure.ts';
import type { Platform } from '../../src/model/manifest.ts';
import { choosePlatform } from '../../src/registry/choose-platform.ts';
import { parseManifest, type ParsedManifest } from '../../src/registry/parse-manifest.ts';
import { imageText, imageType, indexText, indexType, sha256 } from './sample.ts';

function parse(document: unknown, contentType?: string): ParsedManifest {
  const bytes = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
  return parseManifest(bytes, sha256(bytes), contentType, 'it');
}

const digest = sha256('x');
const config = { mediaType: 'c', digest, size: 1 };
const image = { schemaVersion: 2, config, layers: [] };

test('takes the media type from the document, the header, or the shape', () => {
  const docker = 'application/vnd.docker.distribution.manifest.v2+json';
  expect(parse(imageText, `${imageType}; charset=utf-8`)).toMatchObject({
    kind: 'image',
    manifest: { mediaType: imageType },
  });
  expect(parse(image, docker)).toMatchObject({ manifest: { mediaType: docker } });
  expect(parse({ ...image, mediaType: docker }, 'text/plain')).toMatchObject({
    manifest: { mediaType: docker },
  });
  expect(parse(image)).toMatchObject({ kind: 'image', manifest: { mediaType: imageType } });
  expect(parse({ schemaVersion: 2, manifests: [] })).toMatchObject({
    kind: 'index',
    index: { mediaType: indexType },
  });
  expect(parse(indexText, 'application/json')).toMatchObject({ kind: 'index' });
});

test('takes what Go writes for nothing', () => {
  expect(parse({ ...image, layers: null, annotations: null })).toMatchObject({
    manifest: { layers: [], annotations: {} },
  });
  expect(parse({ schemaVersion: 2, manifests: null })).toMatchObject({ index: { manifests: [] } });
});

const layerWith = (fields: object): object => ({ ...image, layers: [{ ...config, ...fields }] });
const bad: [string, unknown, string?][] = [
  ['not valid JSON', '{'],
  ['not', 'null'],
  ['not', []],
  ['schemaVersion', { config, layers: [] }],
  ['schema 1', { schemaVersion: 1, config, layers: [] }],
  ['schema 1', {}, 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
  ['at once', { ...image, manifests: [] }],
  ['says that it is', { ...image, mediaType: imageType }, indexType],
  ['neither an image', { ...image, mediaType: 'application/json' }],
  ['layers.0.size', layerWith({ size: -1 })],
  ['layers.0.size', layerWith({ size: 1.5 })],
  ['layers.0.size', layerWith({ size: 2 ** 60 })],
  ['layers.0.size', layerWith({ size: '1' })],
  ['layers.0.digest is not a digest', layerWith({ digest: 'sha256:abc' })],
  ['layers.0.digest', layerWith({ digest: `${digest}\n` })],
  ['layers.0.annotations.a', layerWith({ annotations: { a: 1 } })],
  ['layers is not', { ...image, layers: Array.from({ length: 1001 }, () => config) }],
  ['config', { schemaVersion: 2, layers: [] }],
  [
    'manifests.0.platform.os',
    { schemaVersion: 2, manifests: [{ ...config, platform: { architecture: 'a' } }] },
  ],
  ['web page', '<html>', 'text/html; charset=utf-8'],
];
test.each(bad)('%s: %j', (text, document, contentType) => {
  expect(() => parse(document, contentType)).toThrow(
    expect.objectContaining({ code: 'BadContent', message: expect.stringContaining(text) }),
  );
});

const arm = (variant?: string) => ({
  os: 'linux',
  architecture: 'arm',
  ...(variant === undefined ? {} : { variant }),
});
type Choice = [string, object[], Platform, number | undefined];
const choices: Choice[] = [
  ['the exact variant', [{ platform: arm('v6') }, { platform: arm('v7') }], arm('v7'), 1],
  ['a lesser variant', [{ platform: arm('v5') }, { platform: arm('v6') }], arm('v7'), 1],
  ['no greater variant', [{ platform: arm('v7') }], arm('v6'), undefined],
  ['one without a variant', [{ platform: arm('v8') }, { platform: arm() }], arm('v7'), 1],
  ['one without, for a host without', [{ platform: arm('v7') }, { platform: arm() }], arm(), 1],
  [
    'arm64 v8 for arm64',
    [{ platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }],
    { os: 'linux', architecture: 'arm64' },
    0,
  ],
  ['an unknown variant by name', [{ platform: arm() }, { platform: arm('x') }], arm('x'), 1],
  [
    'zstd before gzip',
    [
      { platform: arm() },
      { platform: arm(), annotations: { 'io.github.containers.compression.zstd': 'true' } },
    ],
    arm(),
    1,
  ],
  ['the first of two', [{ platform: arm() }, { platform: arm() }], arm(), 0],
  ['one without a platform last', [{}, { platform: arm() }], arm(), 1],
  ['one without a platform', [{ platform: { os: 'windows', architecture: 'arm' } }, {}], arm(), 1],
];
test.each(choices)('chooses %s', (_, entries, wanted, expected) => {
  const manifests = entries.map((entry, at) => ({ ...config, digest: sha256(String(at)), ...entry }));
  const parsed = parse({ schemaVersion: 2, manifests });
  expect(chosen(parsed, wanted)).toBe(expected === undefined ? 'NotFound' : sha256(String(expected)));
});

function chosen(parsed: ParsedManifest, wanted: Platform): string {
  if (parsed.kind !== 'index') return 'an image';
  try {
    return choosePlatform(parsed.index, wanted, 'it').digest;
  } catch (error) {
    return (error as Failure).code;
  }
}
