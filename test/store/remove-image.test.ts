import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findByName } from '../../src/model/inventory.ts';
import { bigDataFile } from '../../src/store/layout.ts';
import { readInventory } from '../../src/store/read-inventory.ts';
import { sharingDamage } from '../../src/store/remove-image.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { baseLayer, goldenStore, idOfA, idOfB, layerOfA } from './golden-store.ts';

test.each<[string, string, string[]]>([
  ['its own layer', `overlay/${layerOfA}`, [idOfA]],
  ['a layer that both have', `overlay/${baseLayer}`, [idOfA, idOfB]],
  ['its config', `overlay-images/${idOfA}/${bigDataFile(`sha256:${idOfA}`)}`, []],
])('with %s gone', async (_, path, ids) => {
  await using folder = await temporaryFolder();
  await goldenStore(folder.path);
  await rm(join(folder.path, path), { recursive: true });
  const inventory = await readInventory(folder.path);
  const image = findByName(inventory, 'registry.test/app/a:1');
  if (image === undefined) throw new Error('the golden store has no such image');
  expect(sharingDamage(inventory, image).map(({ id }) => id)).toEqual(ids);
});
