// Somebody else fills the disk of the store, or that of $TMPDIR, while images are fetched.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { configure, makeFetchScene, pidsOf, pushSharing } from '../cli/fetch-scene.ts';
import { allowPlainHttp } from '../cli/scene.ts';
import { type Registry, startRegistry } from '../support/registry.ts';

const stack = new AsyncDisposableStack();
const images = ['one', 'two'];
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

async function mount(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  const argv = ['-t', 'tmpfs', '-o', 'size=100m', 'tmpfs', path];
  const { exitCode, stderr } = await runProgram('mount', argv);
  if (exitCode !== 0) throw new Error(`mount failed: ${stderr}`);
}

async function usedBytes(path: string): Promise<number> {
  const { stdout } = await runProgram('du', ['--bytes', '--summarize', '--exclude=other', path]);
  return Number(stdout.toString('utf8').split('\t')[0]);
}

test.each(['store', 'temporary'] as const)(
  'the disk of the %s is full in the middle',
  { timeout: 120_000 },
  async (which) => {
    let filled: Promise<void> | undefined;
    await using fetched = await makeFetchScene(registry, images, {
      bytesPerSecond: 10_000_000,
      onSent: (bytes) => {
        if (bytes > 3 * mebibyte)
          filled ??= writeFile(join(path, 'other'), Buffer.alloc(100 * mebibyte)).catch(() => {});
      },
    });
    const path = which === 'store' ? fetched.scene.store.path : fetched.temporaryPath;
    await mount(path);
    const { exitCode, stderr } = await fetched.prefetch();
    await filled;
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/no space left on device/)]);
    const shown = new RegExp(`${path} has \\d+ bytes free and \\d+ are needed: free \\d+ bytes more`);
    expect(stderr).toMatch(shown);
    // Nothing of this run is in the way of whoever fills the disk.
    expect(await usedBytes(path)).toBeLessThan(16 * 1024);
    expect(await pidsOf('skopeo')).toEqual([]);
    expect(await fetched.scene.store.imageNames()).toEqual([]);
    await rm(join(path, 'other'));
    await fetched.expectCompletes(images);
    // What had come stayed in the cache.
    fetched.expectSentAtMost(uniqueBytes * 1.01);
    expect((await readdir(path)).filter((name) => name.startsWith('bound-images-'))).toEqual([]);
  },
);
