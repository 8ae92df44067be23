import { readFile, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../model/failure.ts';

/** Nothing tells of the end of a lock whose holder was killed: only the file's removal, by one that ended well, is an event. */
const lookEveryMs = 250;

/**
 * Waits until nobody holds the sysroot's lock. When something was staged bootc has it until it has pulled and pruned.
 * ostree locks the file by an open file description (libglnx, glnx-lockfile.c), which flock(1) does not see; the kernel lists it.
 * @throws Failure `TimedOut`, `Cancelled`
 */
export async function awaitStagingEnd(
  signal: AbortSignal,
  limitMs: number,
  { lockPath = '/ostree/lock', locksPath = '/proc/locks' } = {},
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (await isLocked(lockPath, locksPath)) {
    if (performance.now() > endMs)
      throw new Failure(
        'TimedOut',
        `bootc or ostree still has ${lockPath} after ${Math.round(limitMs / 1000)} s`,
      );
    await pause(signal);
  }
}

/** Whether bootc or ostree changes deployments now. */
export async function isLocked(lockPath = '/ostree/lock', locksPath = '/proc/locks'): Promise<boolean> {
  const file = await stat(lockPath, { bigint: true }).catch(() => undefined);
  return file !== undefined && holdsLock(await readFile(locksPath, 'utf8'), file.ino);
}

/**
 * Whether somebody holds an exclusive lock on an inode, by proc_locks(5). The device is not compared: that of a btrfs subvolume is
 * another there than stat(2) says, and the same number on another file system only makes us wait.
 */
export function holdsLock(locks: string, inode: bigint): boolean {
  return locks
    .split('\n')
    .some(
      (line) =>
        /^\d+: (?:OFDLCK|POSIX|FLOCK)\s+\w+\s+WRITE -?\d+ [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line)?.[1] ===
        `${inode}`,
    );
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await delay(lookEveryMs, undefined, { signal });
  } catch {
    throw new Failure('Cancelled', 'cancelled while bootc was staging');
  }
}
