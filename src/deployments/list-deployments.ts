import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Deployment, Slot } from '../model/deployment.ts';
import { composefsRoots } from './composefs-roots.ts';
import type { MountImage } from './mount-composefs.ts';
import { ostreeRoots } from './ostree-roots.ts';
import type { BootcStatus } from './parse-bootc-status.ts';

/** More than any host has. */
const deploymentsMax = 64;

/**
 * Every OS root on a host's disk, without bootc's lock: all that is deployed, and perhaps a folder that is being made or removed.
 * The disk tells what is booted, what is staged and whether that is locked; bootc, which of the others is the rollback, and digests.
 * On a host without deployments that binds images, `/` is the one.
 * @param hostPath `/`
 * @param status what bootc said, if it did in time
 * @throws Failure where not all of them can be read, or there are too many: what one needs must not be taken for garbage
 */
export async function listDeployments(
  hostPath: string,
  status: BootcStatus | undefined,
  mountImage: MountImage,
): Promise<readonly Deployment[]> {
  const found = [
    ...(await ostreeRoots(hostPath, deploymentsMax)),
    ...(await composefsRoots(hostPath, status, mountImage, deploymentsMax)),
  ];
  const told = new Set(found.map(({ slot }) => slot));
  if (found.length > 0) return found.map((root) => withStatus(root, told, status, hostPath));
  const binds = existsSync(join(hostPath, 'usr/lib/bootc/bound-images.d'));
  return binds ? [{ id: '/', slot: 'booted', rootPath: hostPath, locked: false }] : [];
}

/** What the disk tells is newer than what bootc said; it counts. @param told slots that it tells of some deployment */
function withStatus(
  found: Deployment,
  told: ReadonlySet<Slot>,
  status: BootcStatus | undefined,
  hostPath: string,
): Deployment {
  const entry = status?.entries.find(({ id }) => id !== undefined && names(id, found.id));
  const slot =
    entry === undefined || found.slot !== 'other' || told.has(entry.slot) ? found.slot : entry.slot;
  const osImage = entry?.osImage ?? found.osImage;
  return {
    id: found.id,
    slot,
    // Its own folder has not what is mounted over it.
    rootPath: slot === 'booted' ? hostPath : found.rootPath,
    ...(osImage === undefined ? {} : { osImage }),
    ...(entry?.digest === undefined ? {} : { digest: entry.digest }),
    ...(entry?.version === undefined ? {} : { version: entry.version }),
    locked: slot === 'staged' && (found.slot === 'staged' ? found.locked : entry?.locked === true),
  };
}

/** Older versions of bootc do not say the stateroot. */
function names(entryId: string, id: string): boolean {
  return entryId === id || id.endsWith(`/${entryId}`);
}
