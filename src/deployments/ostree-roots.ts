import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
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
  for (const stateroot of namesIn(deployPath)) {
    const folder = join(deployPath, stateroot, 'deploy');
    for (const name of namesIn(folder)) {
      const id = ostreeId(stateroot, name);
      if (id !== undefined) found.push({ id, rootPath: join(folder, name) });
    }
  }
  if (found.length === 0) return [];
  refuseMore(found.length, countMax, deployPath);
  const [booted, staged] = [bootedRoots(hostPath), stagedRoot(hostPath)];
  return found.map(({ id, rootPath }) => describe(id, rootPath, booted, staged));
}

function describe(
  id: string,
  rootPath: string,
  booted: readonly DeviceInode[],
  staged: StagedFile | undefined,
): Deployment {
  const [self] = placeOf(rootPath);
  const isBooted = booted.some(({ device, inode }) => device === self?.device && inode === self.inode);
  const isStaged = staged?.id === id;
  const osImage = parseOrigin(readSmall(`${rootPath}.origin`).toString('utf8'));
  return {
    id,
    slot: isBooted ? 'booted' : isStaged ? 'staged' : 'other',
    rootPath,
    ...(osImage === undefined ? {} : { osImage }),
    locked: isStaged && staged.locked,
  };
}

/** What `/` is, and what it was made of. */
function bootedRoots(hostPath: string): readonly DeviceInode[] {
  const backing = parseBootedFile(readSmall(join(hostPath, 'run/ostree-booted')));
  return [...placeOf(hostPath), ...(backing === undefined ? [] : [backing])];
}

function stagedRoot(hostPath: string): StagedFile | undefined {
  const path = join(hostPath, 'run/ostree/staged-deployment');
  const staged = parseStagedFile(readSmall(path));
  // The way to lock of older versions, which newer ones still take and make.
  const lockedAside = existsSync(`${path}-locked`);
  return staged === undefined ? undefined : { ...staged, locked: staged.locked || lockedAside };
}

// Read at once: it is little, and whoever has activated the agent waits.

function placeOf(path: string): DeviceInode[] {
  const found = unlessGone(() => statSync(path, { bigint: true }));
  return found === undefined ? [] : [{ device: found.dev, inode: found.ino }];
}

function readSmall(path: string): Buffer {
  const size = unlessGone(() => statSync(path))?.size ?? Infinity;
  return (size > fileLimitBytes ? undefined : unlessGone(() => readFileSync(path))) ?? Buffer.alloc(0);
}

function namesIn(folder: string): string[] {
  const entries = unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function unlessGone<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
