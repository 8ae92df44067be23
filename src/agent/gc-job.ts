import type { JobRequest, JobResult } from '../model/host-agent.ts';
import { containersInUse } from '../store/containers-in-use.ts';
import { dropName } from '../store/drop-name.ts';
import { readInventory } from '../store/read-inventory.ts';
import { removeImage } from '../store/remove-image.ts';
import { renameImage } from '../store/rename-image.ts';
import { collectGarbage, type GarbageResult } from './collect-garbage.ts';
import { containersStorePath } from '../prefetch/containers-store.ts';
import type { Needs } from '../guard/need.ts';
import { gatherNeeds } from './guard-needs.ts';
import type { Host } from './host.ts';
import { nowUs } from './host-memory.ts';
import type { JobContext } from './jobs.ts';
import { runRoot } from '../prefetch/run-root.ts';

/**
 * The job `gc`: removes what nothing on the host needs.
 * @throws Failure of the first image that could not be removed, once all others were; `Cancelled`
 */
export async function gcJob(
  { dryRun }: Extract<JobRequest, { operation: 'gc' }>,
  host: Host,
  { signal }: Pick<JobContext, 'signal'>,
): Promise<JobResult> {
  const { images, freedBytes, failures } = await collect(host, dryRun, signal);
  if (!dryRun) {
    await forgetUnbound(host);
    for (const image of images)
      host.journal({ name: 'image-removed', text: `${image} was removed: nothing on this host binds it.` });
  }
  const [first] = failures;
  if (first !== undefined) throw first.failure;
  return { images, freedBytes, ...(dryRun ? { dryRun } : {}) };
}

/** Results of what nothing binds any more; where a root cannot be read whole, it may bind any. */
async function forgetUnbound(host: Host): Promise<void> {
  const { needs, unread } = await needsOf(host);
  if (unread.length === 0) await host.memory.keepOnly(new Set(needs.flatMap(({ names }) => names)));
}

async function needsOf({ deployments, memory }: Host): Promise<Needs> {
  return gatherNeeds({
    listDeployments: deployments.onDisk,
    candidate: memory.candidate()?.boundSet,
    leases: memory.leases(),
  });
}

/** What a gc would find to do: images by id, and names. @throws Failure as `gcJob` */
export async function findGarbage(host: Host, signal: AbortSignal): Promise<readonly string[]> {
  const { remove, dropNames, rename } = (await collect(host, true, signal)).garbage;
  return [...remove.map(({ image }) => image.id), ...[...dropNames, ...rename].map(({ name }) => name)];
}

async function collect(host: Host, dryRun: boolean, signal: AbortSignal): Promise<GarbageResult> {
  const { store } = host;
  const place = { storePath: store.path, runRoot: await runRoot() };
  return collectGarbage(
    { mode: store.mode, dryRun },
    {
      readInventory: async () => readInventory(store.path, { signal }),
      readNeeds: async () => needsOf(host),
      readInUse: async () => containersInUse(containersStorePath()),
      remove: async ({ id }) => removeImage(place, id, { signal }),
      dropName: async (name) => dropName(place, name, { signal }),
      rename: async (inventory, image, name) => renameImage(place, inventory, image, name, { signal }),
      nowUs,
    },
    signal,
  );
}
