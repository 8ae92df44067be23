import { installProduct } from '../scenario/install-product.ts';
import { median } from './median.ts';
import type { BenchResult } from './result.ts';
import { timed } from './timed.ts';

const runs = 15;

/** From a call that nobody is there to answer to its answer, by the bus and systemd, against the start of node alone. */
export async function activation(bar: number): Promise<BenchResult> {
  await installProduct({ path: (path) => path, stdoutOf: async (program, ...argv) => run(program, ...argv) });
  const manager = ['org.boundimages1', '/org/boundimages1', 'org.boundimages1.Manager'];
  const ask = (): number => {
    run('systemctl', 'stop', 'bound-images.service');
    // It leaves more often here than systemd lets a service start.
    run('systemctl', 'reset-failed');
    return timed('busctl', ['get-property', ...manager, 'Version'], 's "');
  };
  const start = (): number => timed('/usr/local/bin/node', ['-e', '0']);
  const taken = { ask: [] as number[], start: [] as number[] };
  // One of each for the caches.
  ask();
  start();
  for (let turn = 0; turn < runs; turn += 1) {
    taken.start.push(start());
    taken.ask.push(ask());
  }
  const [activationMs, nodeMs] = [median(taken.ask), median(taken.start)];
  return { name: 'activation', value: activationMs / nodeMs, bar, detail: { activationMs, nodeMs, runs } };
}

function run(program: string, ...argv: readonly string[]): string {
  timed(program, argv);
  return '';
}
