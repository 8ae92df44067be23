import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findByName } from '../../src/model/inventory.ts';
import { containersInUse } from '../../src/store/containers-in-use.ts';
import { dropName } from '../../src/store/drop-name.ts';
import { readInventory } from '../../src/store/read-inventory.ts';
import { renameImage } from '../../src/store/rename-image.ts';
import { storeReference } from '../../src/store/store-reference.ts';
import { verifyStored } from '../../src/store/verify-store.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { busyboxLayer, type Image, makeImage, makeLayer, writeLayout } from '../support/image.ts';
import { makeStore, type TestStore } from '../support/store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Puts an image, or an index of it and one of another platform, into a store under names. */
async function fill(
  store: TestStore,
  content: Image | readonly Image[],
  names: readonly string[],
): Promise<string> {
  await using folder = await temporaryFolder();
  const layout = join(folder.path, 'layout');
  const digest = await writeLayout(layout, 'x', content);
  const place = await storeReference({ storePath: store.path, runRoot: store.runPath });
  for (const name of names) {
    const target = `${place}${name.replace('DIGEST', digest)}`;
    const { exitCode, stderr } = await runProgram('skopeo', ['copy', '--quiet', `oci:${layout}:x`, target]);
    if (exitCode !== 0) throw new Error(stderr);
  }
  return digest;
}

async function names(store: TestStore): Promise<string[][]> {
  return (await readInventory(store.path)).images.map((image) => image.names.toSorted());
}

it('takes one name of two away, and the image stays', async () => {
  await using store = await makeStore();
  await fill(store, makeImage([await makeLayer({ app: 'app' })]), ['r.test/app:1', 'r.test/app:2']);
  await dropName({ storePath: store.path, runRoot: store.runPath }, 'r.test/app:2');
  expect(await names(store)).toEqual([['r.test/app:1']]);
  expect(await store.podmanInside('image', 'rm', 'r.test/app:1')).toMatchObject({ exitCode: 0 });
});

it('refuses to move a name with a digest', async () => {
  await using store = await makeStore();
  const place = { storePath: store.path, runRoot: store.runPath };
  await expect(dropName(place, `r.test/app@sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({
    code: 'Usage',
  });
});

it.each([
  ['a tag', 'r.test/app:1', ['r.test/app@DIGEST', 'r.test/app:1@DIGEST']],
  ['a digest', 'r.test/app:1@DIGEST', ['r.test/app@DIGEST', 'r.test/app:1']],
])('leaves an image only %s, without its blobs, its layers as they were', async (_, kept, others) => {
  await using store = await makeStore();
  const place = { storePath: store.path, runRoot: store.runPath };
  const base = await makeLayer({ base: 'shared' });
  const layer = await makeLayer({ app: 'app' });
  const elsewhere = makeImage([layer], { architecture: 's390x' });
  const digest = await fill(store, [makeImage([base, layer]), elsewhere], [kept, ...others]);
  const before = await readInventory(store.path);
  const name = kept.replace('DIGEST', digest);
  const image = findByName(before, name);
  if (image === undefined) throw new Error('the image is not there');

  await renameImage(place, before, image, name);

  const after = await readInventory(store.path);
  expect(after.images.map(({ id, names }) => ({ id, names }))).toEqual([{ id: image.id, names: [name] }]);
  expect(new Set(after.images[0]?.digests)).toEqual(new Set(image.digests));
  expect(after.layers).toEqual(before.layers);
  expect(await verifyStored(after, name, undefined)).toMatchObject({ kind: 'present' });
  expect(await store.podmanInside('image', 'rm', image.id)).toMatchObject({ exitCode: 0 });
  expect(await readdir(place.runRoot)).not.toContainEqual(expect.stringMatching(/^bound-images-/));
});

it('removes nothing where the image could not be written again', async () => {
  await using store = await makeStore();
  const place = { storePath: store.path, runRoot: store.runPath };
  await fill(store, makeImage([await makeLayer({ app: 'app' })]), ['r.test/app:1', 'r.test/app@DIGEST']);
  const inventory = await readInventory(store.path);
  const [image] = inventory.images;
  if (image === undefined) throw new Error('the image is not there');
  const wrong = `r.test/app@sha256:${'0'.repeat(64)}`;
  await expect(renameImage(place, inventory, image, wrong)).rejects.toMatchObject({ code: 'StoreDamaged' });
  expect(await readInventory(store.path)).toEqual(inventory);
});

it.each([
  ['that goes when it ends', ['--rm']],
  ['that stays', []],
])('a container %s holds its image, and its layers', async (_, options) => {
  await using store = await makeStore();
  const image = makeImage([await busyboxLayer(), await makeLayer({ app: 'app' })], {
    command: ['/bin/true'],
  });
  await fill(store, image, ['r.test/app:1']);
  const own = join(store.path, '..', 'own');
  const before = await containersInUse(own);
  expect([before.layers.size, before.images.size]).toEqual([0, 0]);
  const created = await store.podman(
    'create',
    '--name=web',
    '--network=none',
    '--pull=never',
    ...options,
    'r.test/app:1',
  );
  expect(created).toMatchObject({ exitCode: 0 });
  const [stored] = (await readInventory(store.path)).images;
  const { layers, images } = await containersInUse(own);
  const holder = `container web (${created.stdout.slice(0, 12)})`;
  expect(images.get(stored?.id ?? '')).toBe(holder);
  expect(layers.get(stored?.layers.at(-1)?.id ?? '')).toBe(holder);
  const file = options.length > 0 ? 'volatile-containers.json' : 'containers.json';
  expect(JSON.parse(await readFile(join(own, 'overlay-containers', file), 'utf8'))).toHaveLength(1);
  expect(await store.podman('rm', '--force', 'web')).toMatchObject({ exitCode: 0 });
});
