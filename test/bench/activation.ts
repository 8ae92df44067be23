import { installProduct } from '../scenario/install-product.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { bindPresent } from './fill-store.ts';
import { inPairs } from './pairs.ts';
import type { BenchResult } from './result.ts';
import { timed } from './timed.ts';

const runs = 31;
const images = 8;
const store = '/var/lib/bound-images/storage';
const manager = ['org.boundimages1', '/org/boundimages1'];
/** All that is shown of the host: definitions and store have been read for it. */
const question = ['org.freedesktop.DBus.Properties', 'GetAll', 's', 'org.boundimages1.Manager'];

/**
 * From a call that nobody is there to answer to its answer, by the bus and systemd, against the start of node alone. The host binds
 * images, all of which it has.
 */
export async function activation(bar: number): Promise<BenchResult> {
  await using folder = await temporaryFolder();
  await installProduct({ path: (path) => path, stdoutOf: async (program, ...argv) => run(program, ...argv) });
  await bindPresent(images, { folder: folder.path, root: '/', store });
  const ask = (): number => {
    run('systemctl', 'stop', 'bound-images.service');
    // It leaves more often here than systemd lets a service start.
    run('systemctl', 'reset-failed');
    return timed(
      'busctl',
      ['call', ...manager, ...question],
      `"ImagesTotal" u ${images} "ImagesMissing" u 0`,
    );
  };
  const start = (): number => timed('/usr/local/bin/node', ['-e', '0']);
  const { ratio, ms: activationMs, baseMs: nodeMs } = inPairs(runs, ask, start);
  return { name: 'activation', value: ratio, bar, detail: { activationMs, nodeMs, runs, images } };
}

function run(program: string, ...argv: readonly string[]): string {
  timed(program, argv);
  return '';
}
