import { mkdir, readFile, readdir, rmdir, watch, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes a cgroup of its own for a host below the root of the unified hierarchy, and returns its folder. */
export async function makeCgroup(name: string): Promise<string> {
  const path = join(await unifiedHierarchy(), name);
  await mkdir(path, { recursive: true });
  return path;
}

/** Ends every process in a cgroup and below at once, as a power cut does, and removes it. */
export async function endCgroup(path: string): Promise<void> {
  try {
    await writeFile(join(path, 'cgroup.kill'), '1');
    await emptied(path);
    await removeCgroup(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The kernel reports a change of `cgroup.events` as a modified file (cgroups(7), "cgroup.events"). */
async function emptied(path: string): Promise<void> {
  const events = join(path, 'cgroup.events');
  const stop = new AbortController();
  const changes = watch(events, { signal: stop.signal });
  const isEmpty = async (): Promise<boolean> => (await readFile(events, 'utf8')).includes('populated 0');
  const next = changes[Symbol.asyncIterator]().next();
  next.catch(() => {});
  try {
    if (await isEmpty()) return;
    await next;
    while (!(await isEmpty())) await changes[Symbol.asyncIterator]().next();
  } finally {
    stop.abort();
  }
}

async function removeCgroup(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeCgroup(join(path, entry.name));
  }
  await rmdir(path);
}

/** Where cgroup v2 is mounted: /sys/fs/cgroup, or a folder below it on a machine that still has v1 beside it. */
export async function unifiedHierarchy(): Promise<string> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const path = /^\S+ (\S+) cgroup2 /m.exec(mounts)?.[1];
  if (path === undefined)
    throw new Error('this machine has no cgroup v2 mounted: a test host cannot boot here');
  return path;
}
