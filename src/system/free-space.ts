import { statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export interface FreeSpace {
  /** The path, or its nearest parent that exists. */
  readonly path: string;
  /** Equal for two paths on one file system, so that what both need is counted together. */
  readonly device: string;
  readonly totalBytes: number;
  /** What an unprivileged process may still write, without the blocks that are reserved for root. */
  readonly freeBytes: number;
  /** Infinity on file systems that make inodes as they are needed. */
  readonly freeInodes: number;
}

/** BTRFS_SUPER_MAGIC, statfs(2). */
const btrfs = 0x9123683e;

/** Room on the file system that a path is on, or would be on once its folders are made. @throws what stat(2) and statfs(2) do */
export async function freeSpace(path: string): Promise<FreeSpace> {
  const existing = nearestExisting(resolve(path));
  const { dev } = statSync(existing);
  const { type, bsize, blocks, bavail, files, ffree } = statfsSync(existing);
  return {
    path: existing,
    // Each btrfs subvolume has a device number of its own. Two file systems of one size are then taken for one: too little room
    // may be reported, never too much.
    device: type === btrfs ? `btrfs ${blocks}` : `${dev}`,
    totalBytes: blocks * bsize,
    freeBytes: bavail * bsize,
    freeInodes: files === 0 ? Infinity : ffree,
  };
}

function nearestExisting(path: string): string {
  try {
    statSync(path);
    return path;
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    return nearestExisting(parent);
  }
}
