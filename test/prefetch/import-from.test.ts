import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { openSources } from '../../src/prefetch/import-from.ts';
import { openLayout } from '../../src/prefetch/import-from-layout.ts';
import { type Member, setText, withSet } from '../../src/bundle/layout-index.ts';
import { makeLayout, writeBlob } from '../../src/bundle/layout-blobs.ts';
import { parseReference, type Reference } from '../../src/model/reference.ts';
import { digestOf } from '../../src/registry/verify-body.ts';
import { type Image, makeImage, makeLayer, writeLayout } from '../support/image.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function refer(text: string): Reference {
  const parsed = parseReference(text);
  if (parsed.kind === 'problem') throw new Error(parsed.text);
  return parsed.reference;
}

const image = async (seed: string, architecture?: string): Promise<Image> =>
  makeImage([await makeLayer({ [seed]: seed })], architecture === undefined ? {} : { architecture });

test('images of layouts by name and by digest, the first layout that has one; one that is not there is passed over', async () => {
  await using folder = await temporaryFolder();
  const paths = ['gone', 'first', 'second'].map((name) => join(folder.path, name));
  const [one, other] = [await image('one'), [await image('two'), await image('two', 'riscv64')]];
  await writeLayout(paths[1] ?? '', 'quay.io/ex/one:1', one);
  await writeLayout(paths[2] ?? '', 'quay.io/ex/one:1', await image('not this'));
  const index = await writeLayout(paths[2] ?? '', 'quay.io/ex/two:1', other);
  await using sources = await openSources(paths);
  const resolved = async (text: string): Promise<string | undefined> =>
    (await sources.resolve({ reference: refer(text), pull: {} }))?.digest;
  expect(await resolved('quay.io/ex/one:1')).toBe(one.manifest.digest);
  expect(await resolved(`quay.io/ex/any@${one.manifest.digest}`)).toBe(one.manifest.digest);
  expect(await sources.resolve({ reference: refer('quay.io/ex/two:1'), pull: {} })).toMatchObject({
    digest: other[0]?.manifest.digest,
    indexDigest: index,
  });
  const riscv = await sources.resolve({ reference: refer('quay.io/ex/two:1'), pull: { arch: 'riscv64' } });
  expect(riscv?.digest).toBe(other[1]?.manifest.digest);
  expect(await resolved('quay.io/ex/none:1')).toBeUndefined();
  expect(await resolved('quay.io/ex/one:2')).toBeUndefined();
  // A tag that attaches something to an image is not the image.
  const attached = { ...refer('quay.io/ex/one:1'), tag: 'sha256-00.sig' };
  expect(await sources.manifest(attached)).toBeUndefined();
  const [layer] = one.layers;
  const body = await sources.blob(layer?.digest ?? one.config.digest);
  expect((await buffer(body ?? Readable.from([]))).equals(layer?.bytes ?? Buffer.of())).toBe(true);
});

test('a name that moved is in each set as what it was then', async () => {
  await using folder = await temporaryFolder();
  await makeLayout(folder.path);
  const name = 'quay.io/ex/web:1';
  const [os, ...versions] = [await image('os'), await image('v1'), await image('v2')];
  let index = '{"schemaVersion":2,"manifests":[]}';
  for (const [at, web] of versions.entries()) {
    for (const each of [os, web])
      for (const { digest, bytes } of [each.manifest, each.config])
        await writeBlob(folder.path, digest, bytes);
    const members = [
      { role: 'os', name: 'quay.io/ex/os:1', ...sized(os) },
      { role: 'bound', name, ...sized(web) },
    ] satisfies Member[];
    const text = Buffer.from(setText(members));
    const set = { digest: digestOf(text, undefined), sizeBytes: text.length };
    await writeBlob(folder.path, set.digest, text);
    index = withSet(index, `${at + 1}`, set, members);
  }
  await writeFile(join(folder.path, 'index.json'), index);
  const digestIn = async (text: string): Promise<string | undefined> => {
    await using layout = await openLayout(text);
    return (await layout.manifest(refer(name)))?.digest;
  };
  expect(await digestIn(`oci:${folder.path}:1`)).toBe(versions[0]?.manifest.digest);
  expect(await digestIn(`oci:${folder.path}:2`)).toBe(versions[1]?.manifest.digest);
  expect(await digestIn(`oci:${folder.path}`)).toBe(versions[1]?.manifest.digest);
});

const sized = ({ manifest: { digest, mediaType, size } }: Image) => ({ digest, mediaType, sizeBytes: size });

test('what is damaged or no layout is said', async () => {
  await using folder = await temporaryFolder();
  const one = await image('one');
  await writeLayout(folder.path, 'quay.io/ex/one:1', one);
  await writeBlob(folder.path, one.manifest.digest, Buffer.from('{"schemaVersion":2}'));
  await using layout = await openLayout(`oci:${folder.path}`);
  await expect(layout.manifest(refer('quay.io/ex/one:1'))).rejects.toMatchObject({ code: 'DigestMismatch' });
  await mkdir(join(folder.path, 'empty'));
  await expect(openLayout(`oci:${folder.path}/empty`)).rejects.toMatchObject({ code: 'NotFound' });
  await expect(openLayout(`oci:${folder.path}/none`)).rejects.toMatchObject({ code: 'NotFound' });
  await expect(openLayout(`oci-archive:${folder.path}/index.json`)).rejects.toMatchObject({
    code: 'BadContent',
  });
  await expect(openLayout('quay.io/ex/os:1')).rejects.toMatchObject({ code: 'Usage' });
  await writeFile(join(folder.path, 'empty', 'index.json'), '{"schemaVersion":2,"layers":[],"config":{}}');
  await expect(openLayout(`oci:${folder.path}/empty`)).rejects.toMatchObject({ code: 'BadContent' });
});
