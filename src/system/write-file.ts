import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from './make-folder.ts';

/**
 * Replaces a file so that a reader, a kill or a power loss sees the old content or the new one and nothing between: written
 * aside in the same folder, synced, renamed, and the folder synced (rename(2), fsync(2)).
 * @param options.sync false where it has to outlast a kill alone: a power loss may then leave anything
 */
export async function writeFileWhole(
  path: string,
  content: string | Uint8Array,
  options: { mode?: number; sync?: boolean } = {},
): Promise<void> {
  const folder = dirname(path);
  await makeFolder(folder);
  const aside = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(aside, 'wx', options.mode ?? 0o644);
    try {
      // The umask of a service must not make unreadable what is for others.
      if (options.mode !== undefined) await file.chmod(options.mode);
      await file.writeFile(content);
      if (options.sync !== false) await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  if (options.sync !== false) await syncFolder(folder);
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
