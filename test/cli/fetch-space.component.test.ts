import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { configure, makeFetchScene, pushSharing } from './fetch-scene.ts';
import { allowPlainHttp } from './scene.ts';

const stack = new AsyncDisposableStack();
const images = ['one'];
const mebibyte = 1024 * 1024;
let registry: Registry;
let uniqueBytes: number;

beforeAll(async () => {
  stack.use(await allowPlainHttp());
  stack.use(await configure('[store]\nreserve = 0\n'));
  registry = stack.use(await startRegistry());
  uniqueBytes = await pushSharing(registry, images, 8 * mebibyte, 4 * mebibyte);
});
afterAll(() => stack.disposeAsync());

async function mount(path: string, options: string): Promise<void> {
  await mkdir(path, { recursive: true });
  const { exitCode, stderr } = await runProgram('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
  if (exitCode !== 0) throw new Error(`mount failed: ${stderr}`);
}

test.each(['cachePath', 'temporaryPath'] as const)(
  'too little room in %s is found before a byte is fetched',
  async (which) => {
    await using fetched = await makeFetchScene(registry, images);
    await using small = await temporaryFolder();
    await mount(join(small.path, 'small'), 'size=4m');
    const path = join(small.path, 'small');
    const env = which === 'cachePath' ? { CACHE_DIRECTORY: path } : { TMPDIR: path };
    const { exitCode, stderr } = await fetched.prefetch({ env });
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/has \d+ bytes free and \d+ are needed: free \d+ bytes more/),
    ]);
    expect(stderr).toContain(path);
    fetched.expectSentAtMost(0);
  },
);

test('too few inodes are found before a byte is fetched', async () => {
  await using fetched = await makeFetchScene(registry, images);
  await using small = await temporaryFolder();
  await mount(join(small.path, 'small'), 'size=100m,nr_inodes=5');
  const { exitCode, stderr } = await fetched.prefetch({
    env: { CACHE_DIRECTORY: join(small.path, 'small') },
  });
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/has \d+ inodes free and \d+ are needed/)]);
  fetched.expectSentAtMost(0);
});

/** Somebody else fills the disk while the download runs. */
test.each(['cachePath', 'temporaryPath'] as const)(
  '%s fills up in the middle: all ends, it is said how much is missing, and the next run goes on',
  { timeout: 60_000 },
  async (which) => {
    await using small = await temporaryFolder();
    const path = join(small.path, 'small');
    let filled: Promise<void> | undefined;
    await using fetched = await makeFetchScene(registry, images, {
      bytesPerSecond: 20_000_000,
      onSent: (bytes) => {
        if (bytes > 2 * mebibyte)
          filled ??= writeFile(join(path, 'other'), Buffer.alloc(64 * mebibyte)).catch(() => {});
      },
    });
    await mount(path, 'size=40m');
    const env = { CACHE_DIRECTORY: fetched.cachePath, TMPDIR: fetched.temporaryPath };
    const { exitCode, stderr } = await fetched.prefetch({
      env: which === 'cachePath' ? { ...env, CACHE_DIRECTORY: path } : { ...env, TMPDIR: path },
    });
    await filled;
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/no space left/)]);
    if (which === 'cachePath') expect(stderr).toMatch(/at least \d+ bytes more are needed/);
    expect((await readdir(path)).filter((name) => name.startsWith('bound-images-'))).toEqual([]);
    await fetched.expectCompletes(images);
    fetched.expectSentAtMost(2 * uniqueBytes);
  },
);
