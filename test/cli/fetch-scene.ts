import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type FaultProxy, type FaultProxyOptions, startFaultProxy } from '../support/fault-proxy.ts';
import { makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import type { Registry } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { CliOptions, CliResult, RunningCli } from './run-cli.ts';
import { makeScene, type Scene } from './scene.ts';

/** A root that binds images of a registry behind a fault proxy, and a cache and a temporary folder of its own. */
export interface FetchScene extends AsyncDisposable {
  readonly scene: Scene;
  readonly proxy: FaultProxy;
  readonly cachePath: string;
  readonly temporaryPath: string;
  prefetch(options?: CliOptions): Promise<CliResult>;
  start(): RunningCli;
  /** Of blobs, that the proxy has sent until now. */
  sentBytes(): number;
  /** @throws Error with what was asked for where it were more */
  expectSentAtMost(bytes: number): void;
  /** podman reads the store; the next run brings what is missing, and leaves nothing behind. */
  expectCompletes(images: readonly string[]): Promise<void>;
}

export async function makeFetchScene(
  registry: Registry,
  images: readonly string[],
  options: FaultProxyOptions = {},
): Promise<FetchScene> {
  await using made = new AsyncDisposableStack();
  const scene = made.use(await makeScene());
  const folder = made.use(await temporaryFolder());
  const proxy = made.use(await startFaultProxy(registry.url, options));
  const [cachePath, temporaryPath] = [join(folder.path, 'cache'), join(folder.path, 'temporary')];
  await mkdir(temporaryPath);
  for (const image of images) await scene.bindImage(image, `${proxy.address}/${image}:1`);
  const env = { CACHE_DIRECTORY: cachePath, TMPDIR: temporaryPath };
  const prefetch = (more: CliOptions = {}): Promise<CliResult> =>
    scene.run('prefetch', [], { ...more, env: { ...env, ...more.env } });
  const blobRequests = (): ReturnType<FaultProxy['requests']> =>
    proxy.requests().filter(({ path }) => path.includes('/blobs/'));
  const sentBytes = (): number => blobRequests().reduce((sum, request) => sum + request.sentBytes, 0);
  const stack = made.move();
  return {
    scene,
    proxy,
    cachePath,
    temporaryPath,
    prefetch,
    start: () => scene.start('prefetch', [], { env }),
    sentBytes,
    expectSentAtMost(bytes) {
      if (sentBytes() <= bytes) return;
      const told = blobRequests().map(
        ({ path, status, headers, sentBytes: each }) =>
          `${path.slice(-12)} ${headers.range ?? ''}: ${status}, ${each} bytes`,
      );
      throw new Error(`${sentBytes()} bytes were sent, more than ${bytes}:\n${told.join('\n')}`);
    },
    async expectCompletes(names) {
      await scene.store.imageNames();
      const { exitCode, stderr } = await prefetch();
      expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
      expect((await scene.store.imageNames()).toSorted()).toEqual(
        names.map((name) => `${proxy.address}/${name}:1`).toSorted(),
      );
      expect(await scene.run('verify')).toMatchObject({ exitCode: 0 });
      expect(await readdir(temporaryPath)).toEqual([]);
      expect(await readdir(join(cachePath, 'blobs/sha256'))).toEqual([]);
      expect(await readdir(join(cachePath, 'partial'))).toEqual([]);
    },
    [Symbol.asyncDispose]: async () => stack.disposeAsync(),
  };
}

/** Images that share a base, by name. @returns bytes of their unique blobs */
export async function pushSharing(
  registry: Registry,
  names: readonly string[],
  baseBytes: number,
  ownBytes: number,
): Promise<number> {
  const base = await makeLayer({ base: seededBytes('base', baseBytes) });
  let total = base.bytes.length;
  for (const name of names) {
    const own = await makeLayer({ [name]: seededBytes(name, ownBytes) });
    const image = makeImage([base, own]);
    total += own.bytes.length + image.config.bytes.length;
    await pushImage(image, `${registry.address}/${name}:1`);
  }
  return total;
}

const settings = '/etc/bound-images.d/test.toml';

/** Configures this host until it is disposed of. */
export async function configure(text: string): Promise<AsyncDisposable> {
  await mkdir('/etc/bound-images.d', { recursive: true });
  await writeFile(settings, text);
  return { [Symbol.asyncDispose]: () => rm(settings, { force: true }) };
}

/** Process ids of every program of that name. */
export async function pidsOf(name: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((each) => /^\d+$/.test(each));
  const named = await Promise.all(
    pids.map(async (pid) =>
      (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')) === `${name}\n` ? [Number(pid)] : [],
    ),
  );
  return named.flat();
}
