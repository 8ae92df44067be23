import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, asyncProperty, integer, json } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asFailure } from '../../src/model/failure.ts';
import { findByName } from '../../src/model/inventory.ts';
import { bigDataFile } from '../../src/store/layout.ts';
import { readInventory } from '../../src/store/read-inventory.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  baseLayer,
  changeRecord,
  goldenStore,
  idOfA,
  idOfB,
  indexOfA,
  layerOfA,
  layerOfB,
  manifestOfA,
  manifestOfB,
  nameOfB,
  records,
} from './golden-store.ts';

const imagesJson = 'overlay-images/images.json';
const layersJson = 'overlay-layers/layers.json';

describe('a store that skopeo wrote', () => {
  test('overlay: names, digests, layers base first', async () => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    const inventory = await readInventory(folder.path);
    expect(inventory.driver).toBe('overlay');
    expect([...inventory.layers.keys()].sort()).toEqual([baseLayer, layerOfA, layerOfB].sort());
    const a = findByName(inventory, 'registry.test/app/a:1');
    expect(a).toMatchObject({ id: idOfA, digests: [manifestOfA, indexOfA], missing: [] });
    expect(a?.names).toEqual([`registry.test/app/a@${indexOfA}`, 'registry.test/app/a:1']);
    expect(a?.layers.map(({ id }) => id)).toEqual([baseLayer, layerOfA]);
    expect(a?.layers[0]).toEqual({
      id: baseLayer,
      diffDigest: `sha256:${baseLayer}`,
      diffSizeBytes: 2_027_008,
      blobDigest: 'sha256:1256f75436c1de3768eb4503331aa7b8a46c83bd097ec3b432f739367b825cc3',
      blobSizeBytes: 1_118_651,
      incomplete: false,
      folderMissing: false,
    });
    expect(a?.createdUs).toBe(Date.UTC(2026, 10, 21, 5, 44, 7) * 1000 + 898_854);
    expect(findByName(inventory, nameOfB)).toMatchObject({ id: idOfB, digests: [manifestOfB], missing: [] });
    expect(findByName(inventory, 'registry.test/app/b:1')).toBeUndefined();
  });

  test('vfs', async () => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path, 'vfs');
    const inventory = await readInventory(folder.path);
    expect(inventory.driver).toBe('vfs');
    expect(inventory.images).toMatchObject([{ id: idOfA, missing: [] }]);
  });

  test('layers have the digests of their blob and of their content', async () => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    const { layers } = await readInventory(folder.path);
    expect(layers.get(baseLayer)).toMatchObject({
      blobDigest: 'sha256:1256f75436c1de3768eb4503331aa7b8a46c83bd097ec3b432f739367b825cc3',
      diffDigest: `sha256:${baseLayer}`,
    });
  });

  test('a driver that is not known is read, without a look at its folders', async () => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    await rename(join(folder.path, 'overlay-images'), join(folder.path, 'stargz-images'));
    await rename(join(folder.path, 'overlay-layers'), join(folder.path, 'stargz-layers'));
    const inventory = await readInventory(folder.path);
    expect(inventory.driver).toBe('stargz');
    expect(inventory.images.map(({ missing }) => missing)).toEqual([[], []]);
  });

  test('of two drivers the one that c/storage takes first', async () => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    await goldenStore(folder.path, 'vfs');
    expect((await readInventory(folder.path)).driver).toBe('overlay');
  });
});

describe('no store', () => {
  test.each(['', 'absent', 'absent/too'])('"%s" is an empty one', async (name) => {
    await using folder = await temporaryFolder();
    const storePath = join(folder.path, name);
    expect(await readInventory(storePath)).toEqual({ storePath, driver: '', images: [], layers: new Map() });
  });

  test('folders without records are an empty one', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'overlay-images'));
    expect(await readInventory(folder.path)).toMatchObject({ driver: 'overlay', images: [] });
  });

  test('a file is refused', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'file'), '');
    await expect(readInventory(join(folder.path, 'file'))).rejects.toMatchObject({ code: 'StoreUnknown' });
  });

  test('a cancelled reading ends', async () => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    await expect(readInventory(folder.path, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'Cancelled',
    });
  });
});

describe('what an image needs and is not there', () => {
  test.each<[string, string, string[]]>([
    ['a layer folder', `overlay/${layerOfA}`, [`layer ${layerOfA}: its folder is gone`]],
    ['the shared layer folder', `overlay/${baseLayer}`, [`layer ${baseLayer}: its folder is gone`]],
    [
      'all layer folders',
      'overlay',
      [`layer ${baseLayer}: its folder is gone`, `layer ${layerOfA}: its folder is gone`],
    ],
    ['the manifest', `overlay-images/${idOfA}/manifest`, ['data manifest: its file is gone']],
    [
      'the config',
      `overlay-images/${idOfA}/${bigDataFile(`sha256:${idOfA}`)}`,
      [`data sha256:${idOfA}: its file is gone`],
    ],
    ['all layer records', layersJson, [`layer ${layerOfA}: not recorded`]],
  ])('%s', async (_, path, missing) => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    await rm(join(folder.path, path), { recursive: true });
    const image = findByName(await readInventory(folder.path), 'registry.test/app/a:1');
    expect(image?.missing).toEqual(missing);
  });

  test('an incomplete layer', async () => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    await changeRecord(join(folder.path, layersJson), layerOfA, { flags: { incomplete: true } });
    const { images, layers } = await readInventory(folder.path);
    expect(layers.get(layerOfA)?.incomplete).toBe(true);
    expect(images.map(({ id, missing }) => [id, missing.length])).toEqual([
      [idOfA, 1],
      [idOfB, 0],
    ]);
  });

  test('records of manifest and config', async () => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    await changeRecord(join(folder.path, imagesJson), idOfA, { 'big-data-names': null });
    const image = findByName(await readInventory(folder.path), 'registry.test/app/a:1');
    expect(image?.missing).toEqual(['manifest: not recorded', 'config: not recorded']);
  });

  test('a layer of volatile-layers.json counts', async () => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    await rename(join(folder.path, layersJson), join(folder.path, 'overlay-layers/volatile-layers.json'));
    expect((await readInventory(folder.path)).images.map(({ missing }) => missing)).toEqual([[], []]);
  });
});

describe('records that cannot be believed', () => {
  test.each<[string, string, string, RegExp]>([
    ['an empty file', imagesJson, '', /empty/],
    ['half a file', layersJson, '[{"id":"', /not whole JSON/],
    ['an object', imagesJson, '{}', /not a list/],
    ['a record that is none', imagesJson, '[7]', /0 is not an object/],
    ['an id that leads elsewhere', imagesJson, '[{"id":"../../etc"}]', /0\.id is not an id/],
    ['a name that is none', imagesJson, `[{"id":"${idOfA}","names":[3]}]`, /0\.names/],
    ['an id twice', imagesJson, `[{"id":"${idOfA}"},{"id":"${idOfA}"}]`, /twice/],
    [
      'a name twice',
      imagesJson,
      `[{"id":"${idOfA}","names":["a"]},{"id":"${idOfB}","names":["a"]}]`,
      /two images/,
    ],
    ['a layer that is its own parent', layersJson, `[{"id":"${layerOfA}","parent":"${layerOfA}"}]`, /circle/],
    ['a size that is none', layersJson, `[{"id":"${layerOfA}","diff-size":"7"}]`, /0\.diff-size/],
    ['a folder in place of the file', imagesJson, 'folder', /EISDIR/],
  ])('%s', async (_, path, content, text) => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    const file = join(folder.path, path);
    await rm(file);
    await (content === 'folder' ? mkdir(file) : writeFile(file, content));
    const failure = asFailure(await readInventory(folder.path).catch((error: unknown) => error));
    expect(failure.code).toBe('StoreDamaged');
    expect(failure.message).toContain(folder.path);
    expect(failure.message).toMatch(text);
    expect(failure.message).toMatch(/backup/);
  });

  test('a file of more than 256 MiB is not read', async () => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    await truncate(join(folder.path, imagesJson), 256 * 1024 * 1024 + 1);
    await expect(readInventory(folder.path)).rejects.toThrow(/larger than 268435456 bytes/);
  });

  test('a layer in both files', async () => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    await writeFile(join(folder.path, 'overlay-layers/volatile-layers.json'), `[{"id":"${baseLayer}"}]`);
    await expect(readInventory(folder.path)).rejects.toThrow(/two of its files/);
  });

  test('a list that was never filled is none of them', async () => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    await writeFile(join(folder.path, imagesJson), 'null');
    expect((await readInventory(folder.path)).images).toEqual([]);
  });

  test.each([imagesJson, layersJson])('%s cut anywhere is damaged, not a missing image', async (path) => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    const text = JSON.stringify(await records(join(folder.path, path)));
    await assert(
      asyncProperty(integer({ min: 0, max: text.length - 1 }), async (length) => {
        await writeFile(join(folder.path, path), text.slice(0, length));
        await expect(readInventory(folder.path)).rejects.toMatchObject({ code: 'StoreDamaged' });
      }),
    );
  });

  test.each([imagesJson, layersJson])('%s of any JSON is read or damaged', async (path) => {
    await using folder = await temporaryFolder();
    await goldenStore(folder.path);
    const text = JSON.stringify(await records(join(folder.path, path)));
    const readable = async (): Promise<void> => {
      const failure = await readInventory(folder.path).then(
        () => undefined,
        (error: unknown) => asFailure(error),
      );
      expect(failure?.code ?? 'StoreDamaged').toBe('StoreDamaged');
    };
    await assert(
      asyncProperty(json(), integer({ min: 0, max: text.length }), async (other, at) => {
        await writeFile(join(folder.path, path), `[{"id":"${idOfA}","names":${other},"parent":${other}}]`);
        await readable();
        await writeFile(join(folder.path, path), text.slice(0, at) + other + text.slice(at + 1));
        await readable();
      }),
    );
  });
});

test('a reader beside a writer never sees an image without its layers', async () => {
  await using folder = await temporaryFolder();
  await goldenStore(folder.path);
  const writer = spawn(
    process.execPath,
    [fileURLToPath(import.meta.resolve('./rewrite-store.ts')), folder.path],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    await once(writer.stdout, 'data');
    for (let reads = 0; reads < 500; reads += 1) {
      const { images } = await readInventory(folder.path);
      expect(images.flatMap(({ missing }) => missing)).toEqual([]);
    }
    expect(writer.exitCode).toBeNull();
  } finally {
    writer.kill();
  }
}, 60_000);
