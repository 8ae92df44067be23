import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { allowPlainHttp } from '../cli/scene.ts';
import { writeRoot } from '../demo/root.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { median } from './median.ts';
import type { BenchResult } from './result.ts';

/** 100 Mbit/s, 30 ms to the first byte. */
const slowLink = { bytesPerSecond: 12_500_000, firstByteMs: 30 };
const megabyte = 1_000_000;

interface FetchBench extends AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly uniqueBytes: number;
  readonly paths: readonly string[];
  /** Starts a prefetch into a store of its own. */
  readonly prefetch: (name: string, onStart?: (kill: () => void) => void) => Promise<Run>;
}

interface Run {
  readonly ms: number;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly peakRssBytes: number;
}

/** @param onSent as the proxy's */
async function makeBench(
  program: string,
  {
    images,
    baseBytes,
    ownBytes,
    link = {},
    onSent,
  }: {
    images: number;
    baseBytes: number;
    ownBytes: number;
    link?: object;
    onSent?: (bytes: number) => void;
  },
): Promise<FetchBench> {
  await using made = new AsyncDisposableStack();
  made.use(await allowPlainHttp());
  const registry = made.use(await startRegistry());
  const folder = made.use(await temporaryFolder());
  const proxy = made.use(
    await startFaultProxy(registry.url, { ...link, ...(onSent === undefined ? {} : { onSent }) }),
  );
  const base = await makeLayer({ base: seededBytes('base', baseBytes) });
  const names = Array.from({ length: images }, (_, index) => `app-${index}`);
  const paths = new Map<string, number>();
  for (const name of names) {
    const own = await makeLayer({ own: seededBytes(name, ownBytes) });
    const image = makeImage([base, own]);
    await pushImage(image, `${registry.address}/${name}:1`);
    for (const { digest, size } of [image.config, ...image.layers])
      if (![...paths.keys()].some((path) => path.endsWith(digest)))
        paths.set(`/v2/${name}/blobs/${digest}`, size);
  }
  const root = join(folder.path, 'root');
  await writeRoot(
    root,
    Object.fromEntries(names.map((name) => [`${name}.image`, `${proxy.address}/${name}:1`])),
  );
  const stack = made.move();
  return {
    proxy,
    uniqueBytes: [...paths.values()].reduce((sum, bytes) => sum + bytes, 0),
    paths: [...paths.keys()],
    async prefetch(name, onStart) {
      const argv = [program, 'prefetch', '--root', root, '--store', join(folder.path, name, 'store')];
      const env = { ...process.env, CACHE_DIRECTORY: join(folder.path, name, 'cache') };
      spawnSync('sync');
      const startMs = performance.now();
      const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'inherit'] });
      onStart?.(() => child.kill('SIGKILL'));
      let peakRssBytes = 0;
      const watch = setInterval(() => {
        void peakOf(child.pid).then((bytes) => (peakRssBytes = Math.max(peakRssBytes, bytes)));
      }, 50);
      const [stdout, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      clearInterval(watch);
      return { ms: performance.now() - startMs, exitCode: exitCode as number | null, stdout, peakRssBytes };
    },
    [Symbol.asyncDispose]: async () => stack.disposeAsync(),
  };
}

/** The most memory that it had resident until now; 0 once it is gone. */
async function peakOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
}

/** What a bare transfer of these takes, six at once over one link. */
async function transfer(url: string, paths: readonly string[]): Promise<number> {
  const waiting = [...paths];
  const startMs = performance.now();
  const work = async (): Promise<void> => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      const asked = request(new URL(path, url)).end();
      const [answer] = (await once(asked, 'response')) as [NodeJS.ReadableStream];
      answer.resume();
      await once(answer, 'end');
    }
  };
  await Promise.all([1, 2, 3, 4, 5, 6].map(work));
  return performance.now() - startMs;
}

function sentBlobBytes(proxy: FaultProxy): number {
  return proxy
    .requests()
    .filter(({ path }) => path.includes('/blobs/'))
    .reduce((sum, { sentBytes }) => sum + sentBytes, 0);
}

/** [prefetch-slow-link]: 8 images that share a base, against the bare transfer of their unique bytes over the same link. */
export async function prefetchSlowLink(program: string): Promise<BenchResult> {
  await using bench = await makeBench(program, {
    images: 8,
    baseBytes: 60 * megabyte,
    ownBytes: 20 * megabyte,
    link: slowLink,
  });
  const ratios: number[] = [];
  const taken: object[] = [];
  for (let run = 0; run < 3; run += 1) {
    const bareMs = await transfer(bench.proxy.url, bench.paths);
    const { ms, exitCode } = await bench.prefetch(`run-${run}`);
    if (exitCode !== 0) throw new Error(`prefetch ended with ${exitCode}`);
    ratios.push(ms / bareMs);
    taken.push({ prefetchMs: ms, bareMs });
  }
  const detail = { taken, uniqueBytes: bench.uniqueBytes, ...slowLink };
  return { name: 'prefetch-slow-link', value: median(ratios), bar: 1.1, detail };
}

/** [bytes-over-unique]: bytes of blobs over the wire, against those of the unique blobs. */
export async function bytesOverUnique(program: string): Promise<BenchResult> {
  await using bench = await makeBench(program, {
    images: 8,
    baseBytes: 40 * megabyte,
    ownBytes: 5 * megabyte,
  });
  const { exitCode } = await bench.prefetch('run');
  if (exitCode !== 0) throw new Error(`prefetch ended with ${exitCode}`);
  const sentBytes = sentBlobBytes(bench.proxy);
  const { uniqueBytes } = bench;
  return {
    name: 'bytes-over-unique',
    value: sentBytes / uniqueBytes,
    bar: 1.01,
    detail: { sentBytes, uniqueBytes },
  };
}

/** [refetched-after-kill]: SIGKILL at moments spread over the run, then again: bytes that came twice. The worst counts. */
export async function refetchedAfterKill(program: string): Promise<BenchResult> {
  const detail: object[] = [];
  let worst = 0;
  for (const at of [0.1, 0.35, 0.6, 0.85]) {
    let kill: (() => void) | undefined;
    let limitBytes = Infinity;
    await using bench = await makeBench(program, {
      images: 4,
      baseBytes: 100 * megabyte,
      ownBytes: 40 * megabyte,
      link: slowLink,
      onSent: (bytes) => {
        if (bytes >= limitBytes) kill?.();
      },
    });
    limitBytes = at * bench.uniqueBytes;
    const killed = await bench.prefetch('run', (end) => {
      kill = end;
    });
    limitBytes = Infinity;
    const { exitCode } = await bench.prefetch('run');
    if (killed.exitCode !== null || exitCode !== 0) throw new Error('not killed, or not completed');
    const share = sentBlobBytes(bench.proxy) / bench.uniqueBytes - 1;
    detail.push({ at, share });
    worst = Math.max(worst, share);
  }
  return { name: 'refetched-after-kill', value: worst, bar: 0.01, detail: { runs: detail } };
}

/** [rss-100]: peak resident memory of a prefetch of 100 images. `BENCH_MEGABYTES` are all their layers together. */
export async function rss100(program: string): Promise<BenchResult> {
  const megabytes = Number(process.env['BENCH_MEGABYTES'] ?? 1_000);
  await using bench = await makeBench(program, {
    images: 100,
    baseBytes: (megabytes / 10) * megabyte,
    ownBytes: Math.round((megabytes * 0.9 * megabyte) / 100),
  });
  const { exitCode, peakRssBytes } = await bench.prefetch('run');
  if (exitCode !== 0) throw new Error(`prefetch ended with ${exitCode}`);
  return {
    name: 'rss-100',
    value: peakRssBytes / (150 * 1_000_000),
    bar: 1,
    detail: { peakRssBytes, images: 100, layerBytes: bench.uniqueBytes },
  };
}
