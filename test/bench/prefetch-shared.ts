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
const pairs = 8;

/**
 * A prefetch of images that share a base, against pulls of one after the other by podman, as bootc does it.
 *
 * What else the machine does, and what its page cache holds, changes either by more than they differ. So each is compared with the
 * one that ran right beside it, they take turns in going first, one pair goes before that counts for nothing, and the value is the
 * median of the pairs' ratios.
 */
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
  const taken: { readonly prefetchMs: number; readonly podmanMs: number; readonly ratio: number }[] = [];
  for (let pair = 0; pair <= pairs; pair += 1) {
    const isOursFirst = pair % 2 === 1;
    const before = isOursFirst ? await inFreshStore(prefetch) : undefined;
    const podmanMs = await inFreshStore(pullEach);
    const prefetchMs = before ?? (await inFreshStore(prefetch));
    const ratio = prefetchMs / podmanMs;
    console.error(
      `prefetch-shared, pair ${pair}: ${JSON.stringify({ isOursFirst, prefetchMs, podmanMs, ratio })}`,
    );
    if (pair > 0) taken.push({ prefetchMs, podmanMs, ratio });
  }
  const ratios = taken.map(({ ratio }) => ratio);
  const detail = {
    prefetchMs: median(taken.map(({ prefetchMs }) => prefetchMs)),
    podmanMs: median(taken.map(({ podmanMs }) => podmanMs)),
    lowestRatio: Math.min(...ratios),
    highestRatio: Math.max(...ratios),
    pairs,
    images,
    baseMegabytes,
    ownMegabytes,
  };
  return { name: 'prefetch-shared', value: median(ratios), bar: 0.8, detail };
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
