import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../src/system/run-program.ts';
import { endCgroup, unifiedHierarchy } from './cgroup.ts';
import { cacheFolder } from './root.ts';

const disksFolder = join(cacheFolder, 'disks');

/** The name that a host's disk and cgroup have on this machine. */
export function ownName(name: string): string {
  return `bound-images-${name}`;
}

/**
 * Makes the disk of a new host: /var and /sysroot as folders of a real file system, for podman's own overlays and ostree's hard
 * links need one, and the upper half of the overlay that is the rest. It stays when the host stops, as a disk does.
 */
export async function makeDisk(name: string, rootPath: string): Promise<string> {
  const path = join(disksFolder, ownName(name));
  await rm(path, { recursive: true, force: true });
  for (const part of ['upper', 'work', 'merged', 'sysroot'])
    await mkdir(join(path, part), { recursive: true });
  await writeFile(join(path, 'owner'), String(process.pid));
  await runProgram('cp', ['--archive', '--reflink=auto', join(rootPath, 'var'), join(path, 'var')]);
  return path;
}

/** Removes what runs that were killed left behind: their hosts ended with them, their disks and cgroups did not. */
export async function removeLeftovers(): Promise<void> {
  const unified = await unifiedHierarchy();
  for (const name of await readdir(disksFolder).catch(() => [])) {
    const path = join(disksFolder, name);
    const owner = Number(await readFile(join(path, 'owner'), 'utf8').catch(() => '0'));
    if (owner > 0 && isAlive(owner)) continue;
    await endCgroup(join(unified, name));
    await rm(path, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
