import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { bindPresent } from './fill-store.ts';
import { inPairs } from './pairs.ts';
import type { BenchResult } from './result.ts';
import { timed } from './timed.ts';

const runs = 31;

/** A prefetch that finds all `images` present, against the start of node alone; where there is no network, not even loopback. */
export async function noop(program: string, images: number, bar: number): Promise<BenchResult> {
  if (Object.keys(networkInterfaces()).length > 0) throw new Error('there is a network here');
  await using folder = await temporaryFolder();
  const [root, store] = [join(folder.path, 'root'), join(folder.path, 'store')];
  await bindPresent(images, { folder: folder.path, root, store });
  const argv = [program, 'prefetch', '--root', root, '--store', store];
  const prefetch = (): number => timed(process.execPath, argv, `${images} already present, 0 failed`);
  const start = (): number => timed(process.execPath, ['-e', '0']);
  const { ratio, ms: prefetchMs, baseMs: nodeMs } = inPairs(runs, prefetch, start);
  return {
    name: `noop-${images}`,
    value: ratio,
    bar,
    detail: { prefetchMs, nodeMs, runs, network: 'none' },
  };
}
