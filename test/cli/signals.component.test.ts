import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { allowPlainHttp, makeScene } from './scene.ts';

/** An image that is there, and a prefetch of another that hangs in its layer. */
async function hangingPrefetch() {
  await using made = new AsyncDisposableStack();
  made.use(await allowPlainHttp());
  const scene = made.use(await makeScene());
  const temporary = made.use(await temporaryFolder());
  const registry = made.use(await startRegistry());
  let hangs = true;
  const proxy = made.use(
    await startFaultProxy(registry.url, {
      faultOf: ({ path }) =>
        hangs && path.includes('/slow/blobs/') ? { kind: 'stall', afterBytes: 100_000 } : undefined,
    }),
  );
  for (const name of ['there', 'slow']) {
    const layer = await makeLayer({ [name]: seededBytes(name, 300_000) });
    await pushImage(makeImage([layer]), `${registry.address}/${name}:1`);
    await scene.bindImage(name, `${proxy.address}/${name}:1`);
    if (name === 'there') expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
  }
  const running = scene.start('prefetch', [], { env: { TMPDIR: temporary.path } });
  await expect
    .poll(() => proxy.requests().some(({ sentBytes }) => sentBytes === 100_000), { timeout: 20_000 })
    .toBe(true);
  await expect.poll(skopeos, { timeout: 20_000 }).not.toEqual([]);
  const stack = made.move();
  return {
    scene,
    running,
    proxy,
    temporaryPath: temporary.path,
    stopHanging: () => {
      hangs = false;
    },
    [Symbol.asyncDispose]: async () => stack.disposeAsync(),
  };
}

async function skopeos(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const names = await Promise.all(
    pids.map(async (pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')),
  );
  return names.filter((name) => name === 'skopeo\n');
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends all at once, and the next run completes',
  async (signal) => {
    await using hanging = await hangingPrefetch();
    const { running } = hanging;
    const sentMs = performance.now();
    running.kill(signal);
    const { exitCode, stdout, stderr } = await running.result;
    expect(performance.now() - sentMs).toBeLessThan(5_000);
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining('1 failed')]);
    expect(stderr).toMatch(/slow:1: .*cancelled/);
    expect(await skopeos()).toEqual([]);
    expect(await readdir(hanging.temporaryPath)).toEqual([]);
    await expectWhole(hanging);
  },
);

test('SIGINT ends the wait for a registry that does not answer', async () => {
  await using scene = await makeScene();
  await using silent = await startFaultProxy('http://127.0.0.1:1', { firstByteMs: 600_000 });
  await scene.bindImage('app', `${silent.address}/app:1`, 'TLSVerify=false');
  const running = scene.start('prefetch');
  await expect.poll(() => silent.requests().length, { timeout: 20_000 }).toBeGreaterThan(0);
  running.kill('SIGINT');
  expect(await running.result).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: expect.stringMatching(/^bound-images: .*cancelled/) as string,
  });
});

test('after a SIGKILL the next run completes', async () => {
  await using hanging = await hangingPrefetch();
  hanging.running.kill('SIGKILL');
  await hanging.running.result;
  await expectWhole(hanging);
  // The skopeo that it left behind goes with its connection.
  await hanging.proxy.stop();
  await expect.poll(skopeos, { timeout: 20_000 }).toEqual([]);
  expect(await hanging.scene.run('verify')).toMatchObject({ exitCode: 0 });
});

async function expectWhole({
  scene,
  stopHanging,
}: Awaited<ReturnType<typeof hangingPrefetch>>): Promise<void> {
  const verified = await scene.run('verify');
  expect(verified).toMatchObject({ exitCode: 3, stdout: expect.stringContaining('1 of 2') });
  expect(await scene.store.imageNames()).toHaveLength(1);
  stopHanging();
  expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
  expect(await scene.run('verify')).toMatchObject({ exitCode: 0 });
}
