import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const intervalMs = 250;

/**
 * How much skopeo has downloaded: it writes each blob to a file below its temporary folder before it unpacks it, and says
 * nothing of its progress where it has no terminal. A file that is gone again still counts.
 * @returns what ends it
 */
export function watchBytes(temporaryPath: string, onBytes: (bytesDone: number) => void): () => void {
  const sizes = new Map<string, number>();
  let looking = false;
  let bytesTold = 0;
  const look = async (): Promise<void> => {
    for (const file of await readdir(temporaryPath, { recursive: true })) {
      const stats = await stat(join(temporaryPath, file)).catch(() => undefined);
      if (stats?.isFile() === true) sizes.set(file, Math.max(stats.size, sizes.get(file) ?? 0));
    }
    const bytesDone = [...sizes.values()].reduce((total, size) => total + size, 0);
    if (bytesDone === bytesTold) return;
    bytesTold = bytesDone;
    onBytes(bytesDone);
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    // The folder may go while it is looked at: then it was the last look.
    void look()
      .catch(() => undefined)
      .finally(() => {
        looking = false;
      });
  }, intervalMs);
  return () => clearInterval(timer);
}
