import { access, constants } from 'node:fs/promises';
import { Failure } from '../model/failure.ts';
import { freeSpace } from '../system/free-space.ts';

/**
 * Checks that a folder can be written, or made where it is not there.
 * @throws Failure `StoreUnknown`
 */
export async function checkWritable(storePath: string): Promise<void> {
  const { path } = await freeSpace(storePath);
  try {
    await access(path, constants.W_OK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // A bootc host has its /sysroot read-only, and lets a mount namespace of one's own have it otherwise.
    const remedy =
      code === 'EROFS'
        ? 'remount it writable, on a bootc host in a mount namespace of its own: unshare --mount, then mount -o remount,rw /sysroot'
        : 'run this as its owner, mostly root';
    throw new Failure(
      'StoreUnknown',
      `${storePath}: cannot be written (${code}); ${remedy}, or name another with --store`,
      { cause: error },
    );
  }
}
