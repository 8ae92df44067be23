import { Failure } from '../model/failure.ts';
import { lastLine, runProgram } from '../system/run-program.ts';

/**
 * Waits until the disk has all that was written to a store. skopeo syncs its records of a layer and none of the layer's files: after a
 * power loss those would be empty or gone, and taken for whole (container-libs, pull request 622, "new sync option for overlay/vfs").
 * @throws Failure `StoreDamaged` where the disk did not take it, and those of `runProgram`
 */
export async function syncStore(storePath: string, signal: AbortSignal | undefined): Promise<void> {
  // Node has no syncfs(2).
  const { exitCode, stderr } = await runProgram('sync', ['-f', storePath], { signal });
  if (exitCode === 0) return;
  throw new Failure(
    'StoreDamaged',
    `${storePath}: not written to the disk: ${lastLine(stderr)}; look after the disk`,
  );
}

/**
 * The same for many who ask: those who do while one sync runs get the next one together, since that one may not have what they wrote.
 * @returns a function that throws as `syncStore` does
 */
export function storeSync(storePath: string): (signal: AbortSignal) => Promise<void> {
  let running = Promise.resolve();
  let next: Promise<void> | undefined;
  return async (signal) => {
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined;
        running = syncStore(storePath, signal);
        return running;
      });
    return next;
  };
}
