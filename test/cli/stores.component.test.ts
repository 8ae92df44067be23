import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { makeImage, makeLayer } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { allowPlainHttp, makeScene } from './scene.ts';

const stack = new AsyncDisposableStack();
let references: string[];

beforeAll(async () => {
  stack.use(await allowPlainHttp());
  const registry = stack.use(await startRegistry());
  references = ['one', 'two'].map((name) => `${registry.address}/${name}:1`);
  for (const reference of references) await pushImage(makeImage([await makeLayer({ reference })]), reference);
});
afterAll(() => stack.disposeAsync());

test('a store that is not there is made', async () => {
  await using scene = await makeScene();
  await rm(scene.store.path, { recursive: true });
  await scene.bindImage('one', references[0] ?? '');
  for (const [command, status] of [
    ['status', 3],
    ['prefetch', 0],
    ['status', 0],
  ] as const)
    expect([command, (await scene.run(command)).exitCode]).toEqual([command, status]);
  expect(await scene.store.imageNames()).toEqual([references[0]]);
});

test('a store that cannot be written', async () => {
  await using scene = await makeScene();
  await runProgram('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', scene.store.path]);
  await scene.bindImage('one', references[0] ?? '');
  const { exitCode, stderr } = await scene.run('prefetch');
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringMatching(/^bound-images: .*store: cannot be written \(EROFS\); remount it writable/m),
  ]);
});

test('a store of another driver is written on with that', async () => {
  await using scene = await makeScene();
  const [one = '', two = ''] = references;
  const vfs = ['--root', scene.store.path, '--runroot', scene.store.runPath, '--storage-driver=vfs'];
  const pulled = await runProgram('podman', [...vfs, 'pull', one]);
  expect(pulled.exitCode).toBe(0);
  await scene.bindImage('one', one);
  await scene.bindImage('two', two);
  const { exitCode, stdout } = await scene.run('prefetch');
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('1 pulled, 1 already present')]);
  expect((await runProgram('podman', [...vfs, 'image', 'exists', two])).exitCode).toBe(0);
});

test.each(['overlay-images/images.json', 'overlay-layers/layers.json'])(
  '%s cut off: it is named, and nothing is changed',
  async (name) => {
    await using scene = await makeScene();
    await scene.bindImage('one', references[0] ?? '');
    expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
    const file = join(scene.store.path, name);
    await truncate(file, 100);
    await scene.bindImage('two', references[1] ?? '');
    const records = ['overlay-images/images.json', 'overlay-layers/layers.json'];
    const read = async (): Promise<string[]> =>
      Promise.all(records.map(async (record) => readFile(join(scene.store.path, record), 'utf8')));
    const before = await read();
    for (const command of ['status', 'plan', 'prefetch', 'verify']) {
      const { exitCode, stdout, stderr } = await scene.run(command);
      expect([command, exitCode, stdout]).toEqual([command, 1, '']);
      expect(stderr).toContain(`bound-images: ${file}: `);
      expect(stderr).toContain('move the whole store aside');
    }
    expect(await read()).toEqual(before);
  },
);

test('a file in place of the store', async () => {
  await using scene = await makeScene();
  await rm(scene.store.path, { recursive: true });
  await writeFile(scene.store.path, '');
  await scene.bindImage('one', references[0] ?? '');
  const { exitCode, stderr } = await scene.run('prefetch');
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`${scene.store.path}: not a folder`)]);
});

test('two names of one image: each is there, and the user is told what bootc makes of it', async () => {
  await using scene = await makeScene();
  const [one = ''] = references;
  const other = one.replace(':1', ':2');
  const digest = await pushImage(makeImage([await makeLayer({ reference: one })]), other);
  const pinned = `${other}@${digest}`;
  await scene.bindImage('one', one);
  await scene.bindImage('pinned', pinned);
  for (const command of ['prefetch', 'status', 'prefetch']) {
    const { exitCode, stdout } = await scene.run(command);
    expect([command, exitCode]).toEqual([command, 0]);
    expect(stdout).toContain('/usr/share/containers/systemd/pinned.image:2: warning (two-names)');
  }
  const stored = await scene.storedNames();
  expect(Object.values(stored).map((names) => names.toSorted())).toEqual([[one, pinned].toSorted()]);
  // As bootc's prune removes what no deployment binds any more.
  const removed = await scene.store.podmanInside('image', 'rm', Object.keys(stored)[0] ?? '');
  expect([removed.exitCode, removed.stderr]).toEqual([125, expect.stringContaining('more than one tag')]);
});
