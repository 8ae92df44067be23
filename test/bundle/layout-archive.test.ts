import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packLayout, unpackLayout } from '../../src/bundle/layout-archive.ts';
import { blobSize, isWhole, makeLayout, writeBlob } from '../../src/bundle/layout-blobs.ts';
import { digestOf } from '../../src/registry/verify-body.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const never = new AbortController().signal;

test('a layout goes into one file and comes out of it; the same content makes the same file', async () => {
  await using folder = await temporaryFolder();
  const [first, second] = [join(folder.path, 'first'), join(folder.path, 'second')];
  const bytes = Buffer.from('a blob');
  const digest = digestOf(bytes, undefined);
  for (const layout of [first, second]) {
    await makeLayout(layout);
    await writeBlob(layout, digest, bytes);
    // What a run that was cut has left there.
    await mkdir(join(layout, '.incoming'));
    await writeFile(join(layout, '.lock'), layout);
    await packLayout(layout, `${layout}.tar`, never);
  }
  expect((await readFile(`${first}.tar`)).equals(await readFile(`${second}.tar`))).toBe(true);
  const out = join(folder.path, 'out');
  await unpackLayout(`${first}.tar`, out, never);
  expect((await readdir(out)).toSorted()).toEqual(['blobs', 'index.json', 'oci-layout']);
  expect(await isWhole(out, digest, never)).toBe(true);
});

test('what cannot be unpacked leaves nothing, and says why', async () => {
  await using folder = await temporaryFolder();
  const archive = join(folder.path, 'text.tar');
  await writeFile(archive, 'no tar, but a text that is longer than nothing');
  await expect(unpackLayout(archive, join(folder.path, 'out'), never)).rejects.toMatchObject({
    code: 'ProgramFailed',
    message: expect.stringContaining('not look like a tar archive'),
  });
  expect(await blobSize(join(folder.path, 'out'), digestOf(Buffer.from(''), undefined))).toBeUndefined();
});

test('a blob of another content, of another size, or none is not whole', async () => {
  await using folder = await temporaryFolder();
  await makeLayout(folder.path);
  const bytes = Buffer.from('a blob');
  const digest = digestOf(bytes, undefined);
  expect(await isWhole(folder.path, digest, never)).toBe(false);
  await writeBlob(folder.path, digest, Buffer.from('a blub'));
  expect(await isWhole(folder.path, digest, never)).toBe(false);
  await writeBlob(folder.path, digest, Buffer.from('a blob that was cut'));
  expect(await isWhole(folder.path, digest, never)).toBe(false);
  await writeBlob(folder.path, digest, bytes);
  expect(await isWhole(folder.path, digest, never)).toBe(true);
});
