import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../src/system/run-program.ts';

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** A new folder below TMPDIR, removed on disposal with all that is in it, mounts included. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'bound-images-'));
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await unmountBelow(path);
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Container stores leave their folder mounted on itself, and those of containers that were killed. */
async function unmountBelow(path: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const points = mounts.split('\n').map((line) => line.split(' ')[1] ?? '');
  const below = points.filter((point) => point.startsWith(`${path}/`)).reverse();
  for (const point of below) await runProgram('umount', ['--lazy', point]);
}
