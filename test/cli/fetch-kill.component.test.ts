import { afterAll, beforeAll, expect, test } from 'vitest';
import { readdir } from 'node:fs/promises';
import { type Registry, startRegistry } from '../support/registry.ts';
import { configure, makeFetchScene, pidsOf, pushSharing } from './fetch-scene.ts';
import { allowPlainHttp } from './scene.ts';

const stack = new AsyncDisposableStack();
const images = ['one', 'two', 'three'];
let registry: Registry;
let uniqueBytes: number;

beforeAll(async () => {
  stack.use(await allowPlainHttp());
  stack.use(await configure(''));
  registry = stack.use(await startRegistry());
  uniqueBytes = await pushSharing(registry, images, 60_000_000, 20_000_000);
}, 60_000);
afterAll(() => stack.disposeAsync());

/** `KILLS=20` for the long form; where in a run each comes is chance's. */
const underWayBytes = 1024 * 1024;
const kills = Number(process.env['KILLS'] ?? 6);
const victims = ['program', 'skopeo', 'both'] as const;
const cases = Array.from({ length: kills }, (_, index) => ({
  victim: victims[index % victims.length] ?? 'both',
  at: Math.random(),
}));

test.each(cases)('SIGKILL of $victim at $at of the bytes', { timeout: 120_000 }, async ({ victim, at }) => {
  let isKilled = false;
  await using fetched = await makeFetchScene(registry, images, {
    bytesPerSecond: 20_000_000,
    onSent: (bytes) => {
      if (isKilled || bytes < at * uniqueBytes) return;
      isKilled = true;
      killed = kill();
    },
  });
  const running = fetched.start();
  let killed: Promise<void> | undefined;
  const kill = async (): Promise<void> => {
    const skopeos = victim === 'program' ? [] : await pidsOf('skopeo');
    if (victim !== 'skopeo') running.kill('SIGKILL');
    for (const pid of skopeos) process.kill(pid, 'SIGKILL');
  };
  const { exitCode } = await running.result;
  await killed;
  expect(isKilled).toBe(true);
  if (victim !== 'skopeo') expect(exitCode).toBe(-1);
  // What went on without its parent ends by itself: its mirror is gone.
  await expect.poll(() => pidsOf('skopeo'), { timeout: 20_000 }).toEqual([]);
  const firstBytes = fetched.sentBytes();
  await fetched.expectCompletes(images);
  const twice = (fetched.sentBytes() - uniqueBytes) / uniqueBytes;
  process.stderr.write(
    `${victim} at ${(at * 100).toFixed(0)} %: ${firstBytes} bytes, then ${fetched.sentBytes() - firstBytes}; twice ${(twice * 100).toFixed(2)} %\n`,
  );
  // 1 %, and what three connections had on the way where the machine is busy with other things.
  expect(twice * uniqueBytes).toBeLessThanOrEqual(0.01 * uniqueBytes + 3 * underWayBytes);
  expect(await readdir('/run/bound-images/storage').catch(() => [])).not.toContainEqual(
    expect.stringMatching(/^bound-images-/),
  );
});
