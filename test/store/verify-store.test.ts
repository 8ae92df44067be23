import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { asDigest } from '../../src/model/digest.ts';
import { bigDataFile } from '../../src/store/layout.ts';
import { readInventory } from '../../src/store/read-inventory.ts';
import { type Verification, verifyStored } from '../../src/store/verify-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  baseLayer,
  goldenStore,
  idOfA,
  indexOfA,
  layerOfA,
  manifestOfA,
  manifestOfB,
} from './golden-store.ts';

const name = 'registry.test/app/a:1';
const data = `overlay-images/${idOfA}`;

async function verify(storePath: string, digest?: string): Promise<Verification> {
  return verifyStored(await readInventory(storePath), name, asDigest(digest));
}

test.each([undefined, manifestOfA, indexOfA])('present, expected as %s', async (digest) => {
  await using folder = await temporaryFolder();
  await goldenStore(folder.path);
  expect(await verify(folder.path, digest)).toMatchObject({ kind: 'present', image: { id: idOfA } });
});

test('present in a vfs store', async () => {
  await using folder = await temporaryFolder();
  await goldenStore(folder.path, 'vfs');
  expect(
    await verifyStored(await readInventory(folder.path), 'registry.test/app/a:1', undefined),
  ).toMatchObject({
    kind: 'present',
  });
});

test('another digest under the name', async () => {
  await using folder = await temporaryFolder();
  await goldenStore(folder.path);
  expect(await verify(folder.path, manifestOfB)).toMatchObject({ kind: 'mismatch', expected: manifestOfB });
});

test('no such name', async () => {
  await using folder = await temporaryFolder();
  expect(await verify(folder.path)).toEqual({ kind: 'missing' });
});

test.each<[string, string, string | undefined, RegExp[]]>([
  ['a layer folder', `overlay/${layerOfA}`, undefined, [/5b7d.*its folder is gone/]],
  ['a diff folder', `overlay/${baseLayer}/diff`, undefined, [/0a8d.*"diff" is gone/]],
  ['a lower file', `overlay/${layerOfA}/lower`, undefined, [/5b7d.*"lower" is gone/]],
  ['an empty link file', `overlay/${layerOfA}/link`, '', [/5b7d.*"link" is gone or empty/]],
  ['the manifest', `${data}/manifest`, undefined, [/data manifest/, /manifest: its file is gone/]],
  ['an empty manifest', `${data}/manifest`, '', [/manifest: its file is gone, empty/]],
  ['another manifest', `${data}/manifest`, '{}', [/manifest: its content is sha256:44136f/]],
  [
    'another copy',
    `${data}/${bigDataFile(`manifest-${manifestOfA}`)}`,
    '{}',
    [/manifest sha256:f16a.*another/],
  ],
  [
    'another index',
    `${data}/${bigDataFile(`manifest-${indexOfA}`)}`,
    '{}',
    [/manifest sha256:1c2c.*another/],
  ],
  ['another config', `${data}/${bigDataFile(`sha256:${idOfA}`)}`, '{}', [/config sha256:544f.*another/]],
  [
    'another layer in place of its own',
    'overlay-layers/layers.json',
    JSON.stringify([{ id: baseLayer }, { id: layerOfA, parent: baseLayer, 'diff-digest': manifestOfB }]),
    [/config sha256:544f.*not those/],
  ],
  ['a layer too few', 'overlay-layers/layers.json', JSON.stringify([{ id: layerOfA }]), [/not those/]],
])('%s is damage', async (_, path, content, what) => {
  await using folder = await temporaryFolder();
  await goldenStore(folder.path);
  await rm(join(folder.path, path), { recursive: true });
  if (content !== undefined) await writeFile(join(folder.path, path), content);
  const verification = await verify(folder.path, manifestOfA);
  expect(verification.kind).toBe('damaged');
  if (verification.kind !== 'damaged') return;
  expect(verification.what).toHaveLength(what.length);
  what.forEach((pattern, index) => expect(verification.what[index]).toMatch(pattern));
});

test('a folder where a file should be is damage, not a crash', async () => {
  await using folder = await temporaryFolder();
  await goldenStore(folder.path);
  await rm(join(folder.path, data, 'manifest'));
  await mkdir(join(folder.path, data, 'manifest'));
  expect(await verify(folder.path)).toMatchObject({ kind: 'damaged' });
});
