import { stat } from 'node:fs/promises';
import type { BootcStatus } from '../deployments/parse-bootc-status.ts';
import { listDeployments } from '../deployments/list-deployments.ts';
import { mountBelow } from '../deployments/mount-composefs.ts';
import { readBootcStatus } from '../deployments/read-bootc-status.ts';
import type { Deployment } from '../model/deployment.ts';
import { asFailure } from '../model/failure.ts';

export interface HostDeployments {
  /** From disk, with what bootc said last of those that are still there. Asks nobody. */
  readonly onDisk: () => Promise<readonly Deployment[]>;
  /** Asks bootc where it has not been asked since the disk changed. @returns whether `onDisk` says something else by now */
  readonly askBootc: () => Promise<boolean>;
  /** The same with bootc's answer for sure, which is waited for where it has not been had. @throws Failure of `readBootcStatus` */
  readonly listNow: (signal: AbortSignal) => Promise<readonly Deployment[]>;
  readonly rollbackQueued: () => boolean;
}

/** bootc answers at once, or waits for its lock while it upgrades; then the disk knows enough. */
const askLimitMs = 5_000;

export function hostDeployments(signal: AbortSignal): HostDeployments {
  const mountImage = mountBelow('/run/bound-images/composefs');
  let status: BootcStatus | undefined;
  let statusOf = '';
  const read = async (said: BootcStatus | undefined): Promise<readonly Deployment[]> =>
    listDeployments('/', said, mountImage);
  const key = async (): Promise<string> => keyOf(await read(undefined), await bootOrder());
  const ask = async (limit: AbortSignal, limitMs?: number): Promise<readonly Deployment[]> => {
    const before = await key();
    status = await readBootcStatus(limit, limitMs);
    statusOf = before;
    return read(status);
  };
  const isUpToDate = async (): Promise<boolean> => status !== undefined && (await key()) === statusOf;
  return {
    onDisk: async () => read(status),
    async askBootc() {
      if (await isUpToDate()) return false;
      try {
        await ask(signal, askLimitMs);
        return true;
      } catch (error) {
        if (asFailure(error).code === 'Internal') throw error;
        // The disk's word stands, for those too who ask while the agent is leaving.
        return false;
      }
    },
    listNow: async (limit) => ((await isUpToDate()) ? read(status) : ask(limit)),
    rollbackQueued: () => status?.rollbackQueued === true,
  };
}

/** What bootc's answer depends on, as far as the disk shows it. */
function keyOf(deployments: readonly Deployment[], order: readonly string[]): string {
  return JSON.stringify([deployments.map(({ id, slot, locked }) => [id, slot, locked]), order]);
}

/** What a rollback changes: it leaves the deployments as they are. bootc touches the first, and writes boot entries anew. */
const bootOrderPaths = ['/ostree/bootc', '/boot/loader', '/boot/loader/entries'];

async function bootOrder(): Promise<string[]> {
  const found = await Promise.all(
    bootOrderPaths.map(async (path) => stat(path, { bigint: true }).catch(() => undefined)),
  );
  return found.map((stats) => (stats === undefined ? '' : `${stats.ino} ${stats.mtimeNs}`));
}
