import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { blobOf } from './serve-blobs.ts';

const program = fileURLToPath(import.meta.resolve('./download-program.ts'));

export interface DownloadProcess {
  readonly child: ChildProcess;
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** Starts a process that downloads blobs from `app` at an address into a cache's folder; ended with the test. */
export function startDownload(
  address: string,
  folderPath: string,
  blobs: readonly Buffer[],
): DownloadProcess {
  const texts = blobs.map(blobOf).map(({ digest, sizeBytes }) => `${digest}=${sizeBytes}`);
  const child = spawn(process.execPath, [program, address, folderPath, ...texts], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([code, signal]) => (signal ?? code) as number | string);
  return { child, ended };
}
