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
