import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ownFetching } from '../../src/prefetch/fetching.ts';
import { openAccess } from '../../src/prefetch/access.ts';
import { deepVerify } from '../../src/prefetch/deep-verify.ts';
import { repairStore } from '../../src/agent/guard-repair.ts';
import type { RepairResult } from '../../src/prefetch/repair.ts';
import { surveyRoot } from '../../src/prefetch/survey.ts';
import type { Damage } from '../../src/guard/repair.ts';
import { Failure } from '../../src/model/failure.ts';
import { findByName } from '../../src/model/inventory.ts';
import { bigDataFile } from '../../src/store/layout.ts';
import { verifyStored } from '../../src/store/verify-store.ts';
import { openRegistry } from '../cli/open-registry.ts';
import { makeScene, type Scene } from '../cli/scene.ts';
import { busyboxLayer, makeImage, makeLayer } from '../support/image.ts';
import { pushImage } from '../support/push.ts';

const registry = await openRegistry();
const never = new AbortController().signal;

/** A root that binds two images with a common layer, both in its store. */
async function prefetched(): Promise<{ scene: Scene; names: string[]; base: string }> {
  const scene = await makeScene();
  const base = await makeLayer({ base: 'shared by both' });
  const names = ['one', 'two'].map((name) => `${registry.address}/${name}:1`);
  for (const [index, name] of names.entries()) {
    await pushImage(
      makeImage([await busyboxLayer(), base, await makeLayer({ own: name })], { command: ['/bin/true'] }),
      name,
    );
    await scene.bindImage(`${index}`, name);
  }
  expect((await scene.run('prefetch')).exitCode).toBe(0);
  const { inventory } = await surveyRoot(scene.rootPath, scene.store.path, never);
  return { scene, names, base: inventory.images[0]?.layers[1]?.id ?? '' };
}

async function damages(scene: Scene, deep: boolean): Promise<Damage[]> {
  const { inventory } = await surveyRoot(scene.rootPath, scene.store.path, never);
  const contents = deep ? await deepVerify(inventory, inventory.images, never) : undefined;
  const found = inventory.images.map(async (image) => {
    const shallow = await verifyStored(inventory, image.names[0] ?? '', undefined);
    const read = image.layers.filter(({ id }) => contents?.get(id)?.kind === 'damaged');
    const layers = [...(shallow.kind === 'damaged' ? shallow.layers : []), ...read.map(({ id }) => id)];
    return shallow.kind === 'damaged' || layers.length > 0 ? { image, layers: [...new Set(layers)] } : [];
  });
  return (await Promise.all(found)).flat();
}

async function repaired(scene: Scene, deep: boolean): Promise<RepairResult[]> {
  const survey = await surveyRoot(scene.rootPath, scene.store.path, never);
  await using access = openAccess(scene.rootPath, undefined);
  return repairStore(
    { survey, access },
    await damages(scene, deep),
    {
      isRetained: async () => false,
      fetching: await ownFetching(),
      onEvent: () => {},
      containersStorePath: join(scene.store.path, '..', 'own'),
    },
    never,
  );
}

it.each([
  ['a changed byte', true, (diff: string) => writeFile(join(diff, 'base'), 'shared by none')],
  ['a lost folder', false, (diff: string) => rm(diff, { recursive: true })],
])('%s of a layer that two images have is mended in both', async (_, deep, spoil) => {
  const { scene, names, base } = await prefetched();
  await using _scene = scene;
  await spoil(join(scene.store.path, 'overlay', base, 'diff'));
  expect((await damages(scene, deep)).map(({ layers }) => layers)).toEqual([[base], [base]]);
  expect((await repaired(scene, deep)).toSorted(byName)).toEqual(names.map((name) => ({ name })));
  expect(await damages(scene, true)).toEqual([]);
});

it.each(['manifest', 'config'])('another %s than the image has is written over', async (what) => {
  const { scene, names } = await prefetched();
  await using _scene = scene;
  const { inventory } = await surveyRoot(scene.rootPath, scene.store.path, never);
  const image = findByName(inventory, names[0] ?? '');
  const folder = join(scene.store.path, 'overlay-images', image?.id ?? '');
  const file = what === 'manifest' ? 'manifest' : bigDataFile(`sha256:${image?.id}`);
  await writeFile(join(folder, file), '{}');
  expect((await damages(scene, false)).map(({ layers }) => layers)).toEqual([[]]);
  expect(await repaired(scene, false)).toEqual([{ name: names[0] }]);
  expect(await damages(scene, true)).toEqual([]);
});

it('is postponed while a container stands on the damage, which goes on running', async () => {
  const { scene, names, base } = await prefetched();
  await using _scene = scene;
  const [, two = ''] = names;
  const run = ['run', '--detach', '--name=web', '--network=none', '--pull=never', two, '/bin/sleep', '300'];
  expect(await scene.store.podman(...run)).toMatchObject({ exitCode: 0 });
  await writeFile(join(scene.store.path, 'overlay', base, 'diff', 'base'), 'shared by none');

  const postponed = {
    code: 'Postponed',
    message: expect.stringMatching(/container web \([0-9a-f]{12}\) stands on/),
  };
  expect((await repaired(scene, true)).toSorted(byName)).toMatchObject(
    names.map((name) => ({ name, failure: postponed })),
  );
  expect(await scene.store.podman('exec', 'web', 'cat', '/own')).toMatchObject({ exitCode: 0, stdout: two });

  expect(await scene.store.podman('rm', '--force', '--time=0', 'web')).toMatchObject({ exitCode: 0 });
  expect((await repaired(scene, true)).toSorted(byName)).toEqual(names.map((name) => ({ name })));
});

it('removes nothing that cannot be pulled again', async () => {
  const { scene, names, base } = await prefetched();
  await using _scene = scene;
  await writeFile(join(scene.store.path, 'overlay', base, 'diff', 'base'), 'shared by none');
  const survey = await surveyRoot(scene.rootPath, scene.store.path, never);
  await using access = openAccess(scene.rootPath, undefined);
  const failure = new Failure('Transient', 'the registry is away');
  const away = { ...access, resolve: async () => Promise.reject(failure) };
  const options = { isRetained: async () => false, fetching: await ownFetching(), onEvent: () => {} };
  expect(await repairStore({ survey, access: away }, await damages(scene, true), options, never)).toEqual(
    expect.arrayContaining(names.map((name) => ({ name, failure }))),
  );
  expect(
    Object.values(await scene.storedNames())
      .flat()
      .sort(),
  ).toEqual(names);
});

function byName(a: RepairResult, b: RepairResult): number {
  return a.name < b.name ? -1 : 1;
}
