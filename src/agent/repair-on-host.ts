import { containersInUse } from '../store/containers-in-use.ts';
import { removeImage } from '../store/remove-image.ts';
import { containersStorePath } from './gc-job.ts';
import type { Host } from './host.ts';
import type { HostContext } from './host-agent.ts';
import { hostWants } from './host-wants.ts';
import type { JobContext } from './jobs.ts';
import { checkRoom } from './carry-out.ts';
import { makePlan } from './make-plan.ts';
import { prefetchScope } from './prefetch-job.ts';
import { repair, type RepairResult } from './repair.ts';
import { runRoot } from './run-root.ts';
import type { Fault } from './verify-job.ts';

/**
 * Brings again what a verification has found missing or damaged. What is damaged is removed first, unless a container runs on it
 * or no registry would give it again.
 * @throws Failure of the first image that could not be brought, once all others were tried
 */
export async function repairOnHost(
  faults: readonly Fault[],
  { store, memory, journal }: Host,
  context: JobContext & HostContext,
): Promise<void> {
  const { signal } = context;
  const { inventory } = context.survey();
  const place = { storePath: store.path, runRoot: await runRoot() };
  const wanted = hostWants(context.survey(), 'all', []);
  const wantedNames = new Map(
    wanted.survey.assessments.map(({ want }) => [want.storeName, want.image] as const),
  );
  await using access = wanted.access;
  const pull = async (image: string): Promise<void> => {
    await context.refresh();
    await prefetchScope('all', [image], context, memory);
  };
  const results = await repair(
    inventory,
    faults.flatMap(({ damage }) => damage ?? []),
    new Set(wantedNames.keys()),
    {
      isRetained: async () => false,
      async checkObtainable(name) {
        const assessments = wanted.survey.assessments
          .filter(({ want }) => want.storeName === name)
          .map(({ want }) => ({ kind: 'missing', want }) as const);
        const plan = await makePlan({ ...wanted.survey, assessments }, access.resolve, signal);
        for (const { failure } of plan.unresolved) throw failure;
        await checkRoom(plan, store.path);
      },
      remove: async (id) => removeImage(place, id, { signal }),
      pull: async (name) => pull(wantedNames.get(name) ?? name),
      inUse: async () => containersInUse(containersStorePath),
    },
    signal,
  );
  for (const { name, failure } of results) tell(wantedNames.get(name) ?? name, failure);
  const missing = faults.filter(({ damage }) => damage === undefined).map(({ want }) => want.image);
  const failures = results.flatMap(({ failure }) => failure ?? []);
  if (missing.length > 0) {
    await context.refresh();
    await prefetchScope('all', missing, context, memory);
  }
  const [first] = failures;
  if (first !== undefined) throw first;

  function tell(image: string, failure: RepairResult['failure']): void {
    if (failure === undefined) journal({ name: 'image-repaired', text: `${image} is whole again.` });
    else if (failure.code === 'Postponed') journal({ name: 'repair-postponed', text: failure.message });
  }
}
