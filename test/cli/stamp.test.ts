import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { type StampFor, stampLayout } from '../../src/stamp/layout.ts';
import type { Digest } from '../../src/model/digest.ts';
import { digestOf } from '../../src/registry/verify-body.ts';
import { makeImage, makeLayer, writeLayout } from '../support/image.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const label = 'org.boundimages.bound-set';
const stampFor: StampFor = async () => 'the stamp';

let layout: string;
beforeEach(async () => {
  const temporary = await temporaryFolder();
  onTestFinished(() => temporary[Symbol.asyncDispose]());
  layout = join(temporary.path, 'layout');
  await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
});

/** Writes a blob as it stands. */
async function put(text: string, digest: Digest = digestOf(Buffer.from(text), undefined)) {
  await mkdir(join(layout, 'blobs', ...digest.split(':').slice(0, 1)), { recursive: true });
  await writeFile(join(layout, 'blobs', ...digest.split(':')), text);
  return { digest, size: Buffer.byteLength(text) };
}

async function blob(digest: string): Promise<string> {
  return readFile(join(layout, 'blobs', ...digest.split(':')), 'utf8');
}

const configType = 'application/vnd.oci.image.config.v1+json';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';

/** A manifest over a config, both exactly as given but for the digest. */
async function putManifest(
  config: string,
  type = configType,
  data = '',
): Promise<{ digest: Digest; size: number }> {
  const { digest, size } = await put(config);
  const descriptor = `{ "mediaType": "${type}", "digest": "${digest}", "size": ${size}${data} }`;
  return put(
    `{\n "schemaVersion": 2, "mediaType": "${manifestType}",\n "config": ${descriptor},\n "layers": [],\n "annotations": {"9": "z", "1": "a"}\n}\n`,
  );
}

async function putIndex(entries: readonly object[]): Promise<void> {
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: entries }));
}

test('all but the label and the digests stays byte for byte', async () => {
  const config =
    '{"os":"linux","x": 1.50,"config":{"Env":["A=<b>"],"Labels":{"z":"1","a":"2"}},"history":[{}]}';
  await putIndex([{ mediaType: manifestType, ...(await putManifest(config)) }]);
  const { digest, changed } = await stampLayout({ folderPath: layout, tag: undefined }, stampFor);
  expect(changed).toBe(true);
  const manifest = await blob(digest);
  const stamped = JSON.parse(manifest) as { config: { digest: string; size: number } };
  expect(await blob(stamped.config.digest)).toBe(config.replace('"a":"2"', `"a":"2","${label}":"the stamp"`));
  expect(stamped.config.size).toBe((await blob(stamped.config.digest)).length);
  expect(manifest).toContain('"layers": [],\n "annotations": {"9": "z", "1": "a"}\n}\n');
  expect(await stampLayout({ folderPath: layout, tag: undefined }, stampFor)).toEqual({
    digest,
    changed: false,
  });
});

test.for(['{}', '{"config":null}', '{"config":{}}', '{"config":{"Labels":null}}'])(
  'a config %s gets labels',
  async (config) => {
    await putIndex([{ mediaType: manifestType, ...(await putManifest(config)) }]);
    const { digest } = await stampLayout({ folderPath: layout, tag: undefined }, stampFor);
    const manifest = JSON.parse(await blob(digest)) as { config: { digest: string } };
    expect(JSON.parse(await blob(manifest.config.digest))).toEqual({
      config: { Labels: { [label]: 'the stamp' } },
    });
  },
);

test('content that stands in a descriptor goes with what it was of', async () => {
  await putIndex([
    { mediaType: manifestType, ...(await putManifest('{}', configType, ', "data": "e30="')), data: 'x' },
  ]);
  const { digest } = await stampLayout({ folderPath: layout, tag: undefined }, stampFor);
  expect(await blob(digest)).not.toContain('e30=');
  expect(await readFile(join(layout, 'index.json'), 'utf8')).not.toContain('data');
});

test('of an index the images, and no attestation; what is about an image then is about the new one', async () => {
  const image = await putManifest('{"os":"linux"}');
  const about = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': image.digest,
  };
  const attestation = {
    mediaType: manifestType,
    ...(await putManifest('{"os":"unknown"}')),
    annotations: about,
  };
  const artifact = {
    mediaType: manifestType,
    ...(await putManifest('{"a":1}', 'application/vnd.oci.empty.v1+json')),
  };
  const entries = [{ mediaType: manifestType, ...image }, attestation, artifact];
  const index = await put(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: entries }));
  await putIndex([{ mediaType: indexType, ...index }]);
  const { digest } = await stampLayout({ folderPath: layout, tag: undefined }, stampFor);
  const { manifests } = JSON.parse(await blob(digest)) as {
    manifests: { digest: string; annotations?: object }[];
  };
  expect(manifests[0]?.digest).not.toBe(image.digest);
  expect(manifests[1]).toEqual({
    ...attestation,
    annotations: { ...about, 'vnd.docker.reference.digest': manifests[0]?.digest },
  });
  expect(manifests[2]).toEqual(artifact);
});

test('the other images of a layout stay as they are, and one has to be named', async () => {
  await writeLayout(layout, 'a', makeImage([await makeLayer({ x: 'a' })]));
  await writeLayout(layout, 'b', makeImage([await makeLayer({ x: 'b' })]));
  const before = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as { manifests: object[] };
  await expect(stampLayout({ folderPath: layout, tag: undefined }, stampFor)).rejects.toThrow(/it has a, b/);
  await expect(stampLayout({ folderPath: layout, tag: 'c' }, stampFor)).rejects.toMatchObject({
    code: 'NotFound',
  });
  const { digest } = await stampLayout({ folderPath: layout, tag: 'b' }, stampFor);
  const after = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as { manifests: object[] };
  expect(after.manifests).toEqual([
    before.manifests[0],
    { ...before.manifests[1], digest, size: expect.any(Number) },
  ]);
});

test('a layout is left as it is where an image of it is damaged or cannot be read', async () => {
  const { digest } = await putManifest('{}');
  await putIndex([{ mediaType: manifestType, digest, size: 1 }]);
  const before = await readFile(join(layout, 'index.json'), 'utf8');
  const failing: StampFor = async () => Promise.reject(new Error('unreadable'));
  await expect(stampLayout({ folderPath: layout, tag: undefined }, failing)).rejects.toThrow('unreadable');
  await put('{"schemaVersion": 2}', digest);
  await expect(stampLayout({ folderPath: layout, tag: undefined }, stampFor)).rejects.toMatchObject({
    code: 'DigestMismatch',
  });
  expect(await readFile(join(layout, 'index.json'), 'utf8')).toBe(before);
});

test('an artifact alone is no image', async () => {
  const artifact = await putManifest('{}', 'application/vnd.oci.empty.v1+json');
  await putIndex([{ mediaType: manifestType, ...artifact }]);
  await expect(stampLayout({ folderPath: layout, tag: undefined }, stampFor)).rejects.toThrow(/is no image/);
});
