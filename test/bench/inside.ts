// Measures one thing inside a host that run.ts has booted, and prints the result as JSON.
import { join } from 'node:path';
import { activation } from './activation.ts';
import { boundSet } from './bound-set.ts';
import { bytesOverUnique, prefetchSlowLink, refetchedAfterKill, rss100 } from './fetch-link.ts';
import { noop } from './noop.ts';
import { prefetchShared } from './prefetch-shared.ts';
import type { BenchResult } from './result.ts';

const program = join(import.meta.dirname, '..', '..', 'dist', 'bound-images.js');
const [name = ''] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await measure(name)));

async function measure(name: string): Promise<BenchResult> {
  switch (name) {
    case 'prefetch-shared':
      return prefetchShared(program);
    case 'prefetch-slow-link':
      return prefetchSlowLink(program);
    case 'bytes-over-unique':
      return bytesOverUnique(program);
    case 'refetched-after-kill':
      return refetchedAfterKill(program);
    case 'rss-100':
      return rss100(program);
    case 'noop-8':
      return noop(program, 8, 3);
    case 'noop-1000':
      return noop(program, 1_000, 5);
    case 'bound-set-stamped':
    case 'bound-set-chunked':
    case 'bound-set-gzip':
      return boundSet(program, name);
    case 'activation':
      return activation(3);
    default:
      throw new Error(`there is no bench ${name}`);
  }
}
