import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { awaitStagingEnd, holdsLock, isLocked } from '../../src/deployments/sysroot-lock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const never = new AbortController().signal;
const held = (inode: bigint): string => `1: OFDLCK ADVISORY  WRITE -1 fe:00:${inode} 0 EOF\n`;

describe('holdsLock', () => {
  it.each([
    ['an open file description has it', held(7n), true],
    ['a process has it, on a kernel from before those', '2: POSIX  ADVISORY  WRITE 709 00:17:7 0 EOF', true],
    ['another file is locked', held(77n), false],
    ['it is shared', '1: OFDLCK ADVISORY  READ  -1 fe:00:7 0 EOF', false],
    ['somebody waits for it', '1: -> OFDLCK ADVISORY  WRITE -1 fe:00:7 0 EOF', false],
    ['nothing is locked', '', false],
  ])('%s', (_, locks, expected) => {
    expect(holdsLock(locks, 7n)).toBe(expected);
  });
});

describe('awaitStagingEnd', () => {
  it('returns at once where there is no lock, or one that a killed bootc left behind', async () => {
    await using folder = await temporaryFolder();
    const [lockPath, locksPath] = [join(folder.path, 'lock'), join(folder.path, 'locks')];
    await awaitStagingEnd(never, 0, { lockPath, locksPath });
    await writeFile(lockPath, '');
    await writeFile(locksPath, '');
    await awaitStagingEnd(never, 0, { lockPath, locksPath });
    expect(await isLocked(lockPath, locksPath)).toBe(false);
  });

  it('waits for its end, no longer than allowed, and no longer than wanted', async () => {
    await using folder = await temporaryFolder();
    const [lockPath, locksPath] = [join(folder.path, 'lock'), join(folder.path, 'locks')];
    await writeFile(lockPath, '');
    await writeFile(locksPath, held((await stat(lockPath, { bigint: true })).ino));
    await expect(awaitStagingEnd(never, 0, { lockPath, locksPath })).rejects.toMatchObject({
      code: 'TimedOut',
    });
    const stop = new AbortController();
    const cancelled = awaitStagingEnd(stop.signal, 60_000, { lockPath, locksPath });
    stop.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'Cancelled' });
    let ended = false;
    const end = awaitStagingEnd(never, 60_000, { lockPath, locksPath }).then(() => (ended = true));
    expect(await isLocked(lockPath, locksPath)).toBe(true);
    expect(ended).toBe(false);
    await writeFile(locksPath, '');
    await end;
  });
});
