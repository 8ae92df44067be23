import { join } from 'node:path';
import { type Layer, makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeRoot } from '../demo/root.ts';
import { median } from './median.ts';
import type { BenchResult } from './result.ts';
import { timed } from './timed.ts';

const images = 8;
const baseMegabytes = 100;
const ownMegabytes = 40;
const runs = 3;

/** A prefetch of images that share a base, against pulls of one after the other by podman, as bootc does it. */
export async function prefetchShared(program: string): Promise<BenchResult> {
  await using registry = await startRegistry();
  await using folder = await temporaryFolder();
  const names = Array.from({ length: images }, (_, index) => `${registry.address}/app-${index}:1`);
  const base = await payload('base', baseMegabytes);
  for (const name of names) await pushImage(makeImage([base, await payload(name, ownMegabytes)]), name);
  const root = join(folder.path, 'root');
  await writeRoot(root, Object.fromEntries(names.map((name, index) => [`app-${index}.image`, name])));

  const prefetch = (store: string): number =>
    timed(process.execPath, [program, 'prefetch', '--root', root, '--store', store], `${images} pulled`);
  const pullEach = (store: string): number => {
    const podman = ['--root', store, '--runroot', `${store}-run`, 'pull', '--quiet', '--tls-verify=false'];
    return names.reduce((totalMs, name) => totalMs + timed('podman', [...podman, name]), 0);
  };
  const taken = { prefetch: [] as number[], podman: [] as number[] };
  for (let run = 0; run < runs; run += 1) {
    taken.podman.push(await inFreshStore(pullEach));
    taken.prefetch.push(await inFreshStore(prefetch));
    console.error(`prefetch-shared, run ${run + 1}: ${JSON.stringify(taken)}`);
  }
  const detail = {
    prefetchMs: median(taken.prefetch),
    podmanMs: median(taken.podman),
    runs,
    images,
    baseMegabytes,
    ownMegabytes,
  };
  return { name: 'prefetch-shared', value: detail.prefetchMs / detail.podmanMs, bar: 0.8, detail };
}

/** Files of a megabyte, whose bytes nothing makes smaller. */
async function payload(seed: string, megabytes: number): Promise<Layer> {
  const files = Array.from({ length: megabytes }, (_, index) => [
    `data/${index}`,
    seededBytes(`${seed} ${index}`, 1_000_000),
  ]);
  return makeLayer(Object.fromEntries(files));
}

async function inFreshStore(measure: (store: string) => number): Promise<number> {
  await using folder = await temporaryFolder();
  // What others have yet to write is not to count.
  timed('sync', []);
  return measure(join(folder.path, 'store'));
}
