import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { runProgram } from '../../src/system/run-program.ts';
import { makeImage, makeLayer, writeLayout } from '../support/image.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeRoot } from '../demo/root.ts';
import { median } from './median.ts';
import type { BenchResult } from './result.ts';
import { timed } from './timed.ts';

const runs = 21;

/** A prefetch that finds all `images` present, against the start of node alone; where there is no network, not even loopback. */
export async function noop(program: string, images: number, bar: number): Promise<BenchResult> {
  if (Object.keys(networkInterfaces()).length > 0) throw new Error('there is a network here');
  await using folder = await temporaryFolder();
  const [root, store] = [join(folder.path, 'root'), join(folder.path, 'store')];
  const apps = Array.from({ length: images }, (_, index) => `app-${index}`);
  const nameOf = (app: string): string => `registry.example/${app}:1`;
  await writeRoot(root, Object.fromEntries(apps.map((app) => [`${app}.image`, nameOf(app)])));
  await fillStore(folder.path, store, apps, nameOf);

  const argv = [program, 'prefetch', '--root', root, '--store', store];
  const prefetch = (): number => timed(process.execPath, argv, `${images} already present, 0 failed`);
  const start = (): number => timed(process.execPath, ['-e', '0']);
  const taken = { prefetch: [] as number[], start: [] as number[] };
  // One of each for the caches.
  prefetch();
  start();
  for (let run = 0; run < runs; run += 1) {
    taken.start.push(start());
    taken.prefetch.push(prefetch());
  }
  const [prefetchMs, nodeMs] = [median(taken.prefetch), median(taken.start)];
  return {
    name: `noop-${images}`,
    value: prefetchMs / nodeMs,
    bar,
    detail: { prefetchMs, nodeMs, runs, network: 'none' },
  };
}

/** Writes small images of one shared layer, each with a config of its own, with the real skopeo. */
async function fillStore(
  folder: string,
  store: string,
  apps: readonly string[],
  nameOf: (app: string) => string,
): Promise<void> {
  const layer = await makeLayer({ 'etc/shared': 'shared\n' });
  const layout = join(folder, 'layout');
  for (const app of apps) await writeLayout(layout, app, makeImage([layer], { labels: { app } }));
  const limit = pLimit(2);
  const copies = apps.map((app) =>
    limit(async () => {
      const target = `containers-storage:[overlay@${store}+${folder}/run]${nameOf(app)}`;
      const copied = await runProgram('skopeo', ['copy', '--quiet', `oci:${layout}:${app}`, target]);
      if (copied.exitCode !== 0) throw new Error(`skopeo could not write ${app}: ${copied.stderr}`);
    }),
  );
  await Promise.all(copies);
}
