import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Deployment } from '../model/deployment.ts';
import { type DeviceInode, parseBootedFile } from './booted-file.ts';
import { ostreeId, refuseMore } from './deployment-id.ts';
import { parseOrigin } from './parse-origin.ts';
import { type StagedFile, parseStagedFile } from './staged-file.ts';

const fileLimitBytes = 64 * 1024;

/** The deployments of ostree, `/sysroot/ostree/deploy/STATEROOT/deploy/CHECKSUM.SERIAL`, none where there is no such folder. */
export async function ostreeRoots(hostPath: string, countMax: number): Promise<Deployment[]> {
  const deployPath = join(hostPath, 'sysroot/ostree/deploy');
  const found: { id: string; rootPath: string }[] = [];
  for (const stateroot of await namesIn(deployPath)) {
    const folder = join(deployPath, stateroot, 'deploy');
    for (const name of await namesIn(folder)) {
      const id = ostreeId(stateroot, name);
      if (id !== undefined) found.push({ id, rootPath: join(folder, name) });
    }
  }
  if (found.length === 0) return [];
  refuseMore(found.length, countMax, deployPath);
  const [booted, staged] = await Promise.all([bootedRoots(hostPath), stagedRoot(hostPath)]);
  return Promise.all(found.map(async ({ id, rootPath }) => describe(id, rootPath, booted, staged)));
}

async function describe(
  id: string,
  rootPath: string,
  booted: readonly DeviceInode[],
  staged: StagedFile | undefined,
): Promise<Deployment> {
  const [self] = await placeOf(rootPath);
  const isBooted = booted.some(({ device, inode }) => device === self?.device && inode === self.inode);
  const isStaged = staged?.id === id;
  const osImage = parseOrigin((await readSmall(`${rootPath}.origin`)).toString('utf8'));
  return {
    id,
    slot: isBooted ? 'booted' : isStaged ? 'staged' : 'other',
    rootPath,
    ...(osImage === undefined ? {} : { osImage }),
    locked: isStaged && staged.locked,
  };
}

/** What `/` is, and what it was made of. */
async function bootedRoots(hostPath: string): Promise<readonly DeviceInode[]> {
  const backing = parseBootedFile(await readSmall(join(hostPath, 'run/ostree-booted')));
  return [...(await placeOf(hostPath)), ...(backing === undefined ? [] : [backing])];
}

async function stagedRoot(hostPath: string): Promise<StagedFile | undefined> {
  const path = join(hostPath, 'run/ostree/staged-deployment');
  const staged = parseStagedFile(await readSmall(path));
  // The way to lock of older versions, which newer ones still take and make.
  const lockedAside = await stat(`${path}-locked`).catch(() => undefined);
  return staged === undefined ? undefined : { ...staged, locked: staged.locked || lockedAside !== undefined };
}

async function placeOf(path: string): Promise<DeviceInode[]> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? [] : [{ device: found.dev, inode: found.ino }];
}

async function readSmall(path: string): Promise<Buffer> {
  const size = (await stat(path).catch(() => undefined))?.size ?? Infinity;
  return size > fileLimitBytes ? Buffer.alloc(0) : readFile(path).catch(() => Buffer.alloc(0));
}

async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}
