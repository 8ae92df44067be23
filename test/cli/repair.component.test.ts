import { readFile, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cacheFolder } from '../../src/prefetch/cache-folder.ts';
import { noteImports } from '../../src/prefetch/unsettled.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { busyboxLayer, makeImage, makeLayer } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { openRegistry } from './open-registry.ts';
import { makeScene } from './scene.ts';

const registry = await openRegistry();

it.each(['the layers of all images', 'the records of an image'])(
  'pulls again where %s are gone from the store',
  async (what) => {
    await using scene = await makeScene();
    const base = await makeLayer({ base: 'shared by both' });
    for (const name of ['one', 'two']) {
      const image = `${registry.address}/${name}:1`;
      await pushImage(makeImage([base, await makeLayer({ [name]: name })]), image);
      await scene.bindImage(name, image);
    }
    expect((await scene.run('prefetch')).exitCode).toBe(0);

    if (what === 'the layers of all images') {
      const layers = (await readdir(join(scene.store.path, 'overlay'))).filter((name) =>
        /^[0-9a-f]{64}$/.test(name),
      );
      expect(layers).toHaveLength(3);
      for (const id of layers) await rm(join(scene.store.path, 'overlay', id), { recursive: true });
    } else {
      const [id = ''] = Object.keys(await scene.storedNames());
      await rm(join(scene.store.path, 'overlay-images', id), { recursive: true });
    }
    expect((await scene.run('verify')).exitCode).toBe(3);
    expect(await scene.run('status')).toMatchObject({
      exitCode: 3,
      stdout: expect.stringContaining('damaged'),
    });

    expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
    expect((await scene.run('verify')).exitCode).toBe(0);
    expect(
      Object.values(await scene.storedNames())
        .flat()
        .sort(),
    ).toEqual(['one', 'two'].map((name) => `${registry.address}/${name}:1`));
  },
);

it('brings again what a power loss has left of an import: layers that are recorded, and files that are empty', async () => {
  await using scene = await makeScene();
  const shared = await makeLayer({ 'data/file': 'shared by both' });
  for (const name of ['one', 'two']) {
    const image = `${registry.address}/cut-${name}:1`;
    await pushImage(makeImage([shared, await makeLayer({ [name]: name })]), image);
    await scene.bindImage(name, image);
  }
  expect((await scene.run('prefetch')).exitCode).toBe(0);
  const layersFile = join(scene.store.path, 'overlay-layers', 'layers.json');
  const [base] = JSON.parse(await readFile(layersFile, 'utf8')) as { id: string }[];
  const file = join(scene.store.path, 'overlay', base?.id ?? '', 'diff/data/file');
  await truncate(file);
  await writeFile(join(scene.store.path, 'overlay-images', 'images.json'), '[]');

  expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
  expect((await scene.run('verify')).exitCode).toBe(0);
  expect(await readFile(file, 'utf8')).toBe('shared by both');
});

it('brings again an image that was recorded before the disk had all of it, and the power went', async () => {
  await using scene = await makeScene();
  const shared = await makeLayer({ 'data/file': 'shared by all' });
  const [first = '', ...rest] = ['one', 'two', 'three'].map((name) => `${registry.address}/lost-${name}:1`);
  for (const [index, image] of [first, ...rest].entries()) {
    await pushImage(makeImage([shared, await makeLayer({ [`${index}`]: image })]), image);
    await scene.bindImage(`lost-${index}`, image);
  }
  expect((await scene.run('prefetch')).exitCode).toBe(0);
  const layersFile = join(scene.store.path, 'overlay-layers', 'layers.json');
  const [base] = JSON.parse(await readFile(layersFile, 'utf8')) as { id: string }[];
  const file = join(scene.store.path, 'overlay', base?.id ?? '', 'diff/data/file');
  await truncate(file);
  await noteImports(scene.store.path, [first, 'quay.io/ex/never-came:1']);
  expect(await scene.run('prefetch')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^0 pulled/),
  });
  const notes = join(cacheFolder(), 'importing');
  const [note = ''] = await readdir(notes);
  await rename(join(notes, note), join(notes, note.replace(/^[^.]+/, '6f2b0b43-an-earlier-boot')));

  expect(await scene.run('prefetch')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^3 pulled/m),
  });
  expect((await scene.run('verify')).exitCode).toBe(0);
  expect(await readFile(file, 'utf8')).toBe('shared by all');
  expect(await readdir(notes)).toHaveLength(1);
  expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
  expect(await readdir(notes)).toEqual([]);
});

it('leaves a damaged image as it is while its registry is away', async () => {
  await using scene = await makeScene();
  const away = await startRegistry();
  const image = `${away.address}/app:1`;
  await pushImage(makeImage([await makeLayer({ app: 'app' })]), image);
  await scene.bindImage('app', image);
  expect((await scene.run('prefetch')).exitCode).toBe(0);
  await away[Symbol.asyncDispose]();
  const [id = ''] = Object.keys(await scene.storedNames());
  await rm(join(scene.store.path, 'overlay-images', id, '=bWFuaWZlc3Q='), { force: true });
  await rm(join(scene.store.path, 'overlay-images', id, 'manifest'), { force: true });

  expect((await scene.run('prefetch')).exitCode).toBe(1);
  expect(Object.values(await scene.storedNames())).toEqual([[image]]);
});

it('removes no layer that a container of the host stands on', async () => {
  await using scene = await makeScene();
  const image = `${registry.address}/web:1`;
  const command = ['/bin/sleep', '300'];
  await pushImage(makeImage([await busyboxLayer(), await makeLayer({ web: 'web' })], { command }), image);
  await scene.bindImage('web', image);
  expect((await scene.run('prefetch')).exitCode).toBe(0);
  const podman = async (...argv: readonly string[]): ReturnType<typeof runProgram> =>
    runProgram('podman', [`--storage-opt=additionalimagestore=${scene.store.path}`, ...argv]);
  const run = ['run', '--detach', '--name=repaired', '--network=none', '--pull=never', image];
  expect(await podman(...run)).toMatchObject({ exitCode: 0 });
  const layersFile = join(scene.store.path, 'overlay-layers', 'layers.json');
  const [base, top] = JSON.parse(await readFile(layersFile, 'utf8')) as { id: string }[];
  await rm(join(scene.store.path, 'overlay', top?.id ?? ''), { recursive: true });

  expect(await scene.run('prefetch')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('has to be removed first'),
  });
  expect(await readdir(join(scene.store.path, 'overlay'))).toContain(base?.id);
  expect(await podman('exec', 'repaired', 'cat', '/bin/sh')).toMatchObject({ exitCode: 0 });

  expect(await podman('rm', '--force', '--time=0', 'repaired')).toMatchObject({ exitCode: 0 });
  expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
  expect((await scene.run('verify')).exitCode).toBe(0);
});
