import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, parseOwner, thisProcess } from '../system/process-owner.ts';

/** A dead owner's lock is removed within it. */
const guardMs = 5;

export interface LockFile {
  /** Whether it is ours still: to be asked before what must not be done twice. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Takes a lock that a dead process cannot keep. Node has no flock(2): the file says who has it, and comes into being whole, by
 * link(2), which fails where there is one.
 * @returns undefined where a living process, or this one, has it
 */
export async function takeLock(path: string): Promise<LockFile | undefined> {
  const text = JSON.stringify({ ...(await thisProcess()), token: randomUUID() });
  const aside = `${path}.${randomUUID()}`;
  await writeFile(aside, text, { flag: 'wx', mode: 0o600 });
  try {
    while (!(await linked(aside, path))) {
      const held = await readFile(path, 'utf8').catch(absent);
      if (held === undefined) continue;
      const owner = parseOwner(held);
      if (owner !== undefined && (await isAlive(owner))) return undefined;
      await removeDead(path, held);
    }
  } finally {
    await rm(aside, { force: true });
  }
  const isHeld = async (): Promise<boolean> => (await readFile(path, 'utf8').catch(() => '')) === text;
  return {
    isHeld,
    release: async () => {
      if (await isHeld()) await rm(path, { force: true });
    },
  };
}

/** Whether a living process has the lock. */
export async function isLocked(path: string): Promise<boolean> {
  const owner = parseOwner(await readFile(path, 'utf8').catch(() => ''));
  return owner !== undefined && isAlive(owner);
}

/**
 * Only one at a time may do that, and it looks again: another may have removed it, and taken the lock, since. What it takes for
 * that is a lock in its turn, whose owner may die too.
 */
async function removeDead(path: string, text: string): Promise<void> {
  const guard = await takeLock(`${path}.x`);
  if (guard === undefined) {
    await sleep(guardMs);
    return;
  }
  try {
    if ((await readFile(path, 'utf8').catch(absent)) === text) await rm(path, { force: true });
  } finally {
    await guard.release();
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Another process was faster. */
function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
