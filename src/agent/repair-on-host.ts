import { openBlobCache } from '../fetch/blob-cache.ts';
import { Failure } from '../model/failure.ts';
import { cacheFolder } from '../prefetch/cache-folder.ts';
import type { Fault } from './find-faults.ts';
import { repairStore } from './guard-repair.ts';
import type { Host } from './host.ts';
import type { HostContext } from './host-agent.ts';
import { openHostFetching } from './host-fetching.ts';
import { hostWants } from './host-wants.ts';
import type { JobContext } from './jobs.ts';
import { prefetchScope, showProgress } from './prefetch-job.ts';
import type { RepairResult } from '../prefetch/repair.ts';
import { withRetained } from '../prefetch/retained-access.ts';

/**
 * Brings again what a verification has found missing or damaged. What is damaged is removed first, unless a container runs on it
 * or no registry would give it again.
 * @throws Failure of the first image that could not be brought, once all others were tried
 */
export async function repairOnHost(
  faults: readonly Fault[],
  host: Host,
  context: JobContext & HostContext,
): Promise<void> {
  const { memory, journal } = host;
  const wanted = hostWants(context.survey(), 'all', []);
  const { assessments } = wanted.survey;
  const images = new Map(assessments.map(({ want }) => [want.storeName, want.image] as const));
  await using _ = wanted.access;
  const cache = await openBlobCache(cacheFolder());
  const { access, isRetained } = await withRetained(wanted.access, cache, true);
  await using control = await openHostFetching(host, false);
  const results = await repairStore(
    { ...wanted, access },
    faults.flatMap(({ damage }) => damage ?? []),
    {
      isRetained: async (want) => isRetained(want),
      fetching: control.fetching,
      onEvent: showProgress(context),
    },
    context.signal,
  );
  for (const { name, failure } of results) await tell(images.get(name) ?? name, failure);
  const missing = faults.filter(({ damage }) => damage === undefined).map(({ want }) => want.image);
  const failures = results.flatMap(({ failure }) => failure ?? []);
  if (missing.length > 0) {
    await context.refresh();
    await prefetchScope('all', missing, context, host);
  }
  const [first] = failures;
  if (first !== undefined) throw first;

  async function tell(image: string, failure: RepairResult['failure']): Promise<void> {
    context.underWay(image, undefined);
    if (failure === undefined) {
      journal({ name: 'image-repaired', text: `${image} is whole again.` });
      await memory.pulled(image);
      return;
    }
    if (failure.code === 'Postponed') journal({ name: 'repair-postponed', text: failure.message });
    await memory.failed(image, failure);
    // Why it could not be mended is known now; that it is damaged is what there is to be shown.
    await memory.damaged(image, new Failure('StoreDamaged', failure.message));
  }
}
