import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { allowPlainHttp, makeScene } from './scene.ts';

const stack = new AsyncDisposableStack();
const mebibyte = 1024 * 1024;
let registry: Registry;
const referenceOf = (name: string): string => `${registry.address}/${name}:1`;

beforeAll(async () => {
  stack.use(await allowPlainHttp());
  registry = stack.use(await startRegistry());
  const contents = {
    small: Buffer.from('small'),
    large: seededBytes('large', 12 * mebibyte),
    // A thousand times what its blob lets expect.
    swelling: Buffer.alloc(40 * mebibyte),
  };
  for (const [name, content] of Object.entries(contents))
    await pushImage(makeImage([await makeLayer({ [name]: content })]), referenceOf(name));
});
afterAll(() => stack.disposeAsync());

async function mountTmpfs(path: string, size: string, remount = false): Promise<void> {
  const options = `${remount ? 'remount,' : ''}size=${size}`;
  const { exitCode, stderr } = await runProgram('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
  if (exitCode !== 0) throw new Error(`mount failed: ${stderr}`);
}

function blobRequests(): number {
  return registry.requests().filter(({ path }) => path.includes('/blobs/')).length;
}

test('a store with too little room is refused before anything is fetched', async () => {
  await using scene = await makeScene();
  await mountTmpfs(scene.store.path, '20m');
  await scene.bindImage('large', referenceOf('large'));
  const before = blobRequests();
  const { exitCode, stderr } = await scene.run('prefetch');
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`the file system of ${scene.store.path} has `);
  expect(stderr).toMatch(/free \d+ bytes more, or name another with --store or TMPDIR/);
  expect(blobRequests()).toBe(before);
  const plan = await scene.run('plan');
  expect([plan.exitCode, plan.stdout]).toEqual([1, expect.stringContaining('Too little space: ')]);
});

test('a temporary folder with too little room likewise', async () => {
  await using scene = await makeScene();
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'temporary');
  await mkdir(path);
  await mountTmpfs(path, '4m');
  await scene.bindImage('large', referenceOf('large'));
  const before = blobRequests();
  const { exitCode, stderr } = await scene.run('prefetch', [], { env: { TMPDIR: path } });
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`the file system of ${path} has `)]);
  expect(blobRequests()).toBe(before);
});

test('a disk that fills up while a layer is unpacked leaves a whole store, and the next run completes', async () => {
  await using scene = await makeScene();
  await mountTmpfs(scene.store.path, '20m');
  await scene.bindImage('small', referenceOf('small'));
  expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
  await scene.bindImage('swelling', referenceOf('swelling'));
  const { exitCode, stderr } = await scene.run('prefetch');
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringMatching(/swelling:1: .*no space left on device.*free some/),
  ]);

  expect(await scene.run('verify')).toMatchObject({ exitCode: 3, stdout: expect.stringContaining('1 of 2') });
  expect(await scene.store.imageNames()).toEqual([referenceOf('small')]);
  await mountTmpfs(scene.store.path, '200m', true);
  expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
  expect(await scene.run('verify')).toMatchObject({ exitCode: 0 });
});
