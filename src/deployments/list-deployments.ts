import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Deployment } from '../model/deployment.ts';
import { composefsRoots } from './composefs-roots.ts';
import type { MountImage } from './mount-composefs.ts';
import { ostreeRoots } from './ostree-roots.ts';
import type { BootcStatus } from './parse-bootc-status.ts';

/** More than that no host has; it bounds what one scan does. */
const deploymentsMax = 64;

/**
 * Every OS root on a host's disk, without bootc's lock: all that is deployed, and perhaps a folder that is being made or removed.
 * What bootc says of one counts; where it says nothing, the disk tells what is booted and staged, and `other` is all else.
 * On a host without deployments that binds images, `/` is the one.
 * @param hostPath `/`
 * @param status what bootc said, if it did in time
 */
export async function listDeployments(
  hostPath: string,
  status: BootcStatus | undefined,
  mountImage: MountImage,
): Promise<readonly Deployment[]> {
  const found = [
    ...(await ostreeRoots(hostPath, deploymentsMax)),
    ...(await composefsRoots(hostPath, status, mountImage, deploymentsMax)),
  ].slice(0, deploymentsMax);
  if (found.length > 0) return found.map((root) => withStatus(root, status, hostPath));
  const binds = await stat(join(hostPath, 'usr/lib/bootc/bound-images.d')).catch(() => undefined);
  return binds === undefined ? [] : [{ id: '/', slot: 'booted', rootPath: hostPath, locked: false }];
}

function withStatus(found: Deployment, status: BootcStatus | undefined, hostPath: string): Deployment {
  const entry = status?.entries.find(({ id }) => id === found.id);
  const slot = entry?.slot ?? (status === undefined || status.entries.length === 0 ? found.slot : 'other');
  const osImage = entry?.osImage ?? found.osImage;
  return {
    id: found.id,
    slot,
    // Its own folder has not what is mounted over it.
    rootPath: slot === 'booted' ? hostPath : found.rootPath,
    ...(osImage === undefined ? {} : { osImage }),
    ...(entry?.digest === undefined ? {} : { digest: entry.digest }),
    locked: slot === 'staged' && (entry?.locked ?? found.locked),
  };
}
