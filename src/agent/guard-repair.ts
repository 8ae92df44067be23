import type { Damage } from '../guard/repair.ts';
import { Failure } from '../model/failure.ts';
import type { Want } from '../plan/want.ts';
import { containersInUse } from '../store/containers-in-use.ts';
import { readInventory } from '../store/read-inventory.ts';
import { removeImage } from '../store/remove-image.ts';
import { carryOut, checkRoom } from '../prefetch/carry-out.ts';
import { containersStorePath } from '../prefetch/containers-store.ts';
import type { HostWants } from './host-wants.ts';
import type { Fetching } from '../prefetch/fetching.ts';
import { makePlan, type Plan } from '../prefetch/make-plan.ts';
import type { PullEvent } from '../prefetch/pull-images.ts';
import { repair, type RepairResult } from '../prefetch/repair.ts';
import { runRoot } from '../prefetch/run-root.ts';

export interface HostRepair {
  /** Whether every blob of an image is retained. */
  readonly isRetained: (want: Want) => Promise<boolean>;
  readonly fetching: Fetching;
  readonly onEvent: (event: PullEvent) => void;
  readonly containersStorePath?: string;
}

/**
 * Repairs a store: removes what is damaged, where that is certain to come back and no container stands on it, and pulls it again.
 * @param all everything that any deployment binds, whatever of it is damaged: what shares the damage has to come back too
 * @throws Failure `Cancelled`, `StoreDamaged`, `StoreUnknown`; what hinders the repair of an image is in its result
 */
export async function repairStore(
  all: HostWants,
  damages: readonly Damage[],
  { isRetained, fetching, onEvent, ...paths }: HostRepair,
  signal: AbortSignal,
): Promise<RepairResult[]> {
  const { inventory, assessments } = all.survey;
  const { storePath } = inventory;
  const wants = new Map(assessments.map(({ want }) => [want.storeName, want]));
  const place = { storePath, runRoot: await runRoot() };
  const wantOf = (name: string): Want => {
    const want = wants.get(name);
    if (want === undefined) throw new Failure('Internal', `${name} is repaired, but nothing wants it`);
    return want;
  };
  const planFor = async (name: string): Promise<Plan> => {
    const now = await readInventory(storePath, { signal });
    // As if nothing of it were there: what is taken for present now may be what is damaged.
    const present = { ...now, images: [], layers: new Map() };
    const survey = {
      inventory: present,
      assessments: [{ kind: 'missing', want: wantOf(name) } as const],
      problems: [],
    };
    const plan = await makePlan(survey, all.access.resolve, signal);
    for (const { failure } of plan.unresolved) throw failure;
    return plan;
  };
  return repair(
    inventory,
    damages,
    new Set(wants.keys()),
    {
      isRetained: async (name) => isRetained(wantOf(name)),
      async checkObtainable(name) {
        await checkRoom(await planFor(name), storePath, fetching);
      },
      remove: async (id) => removeImage(place, id, { signal }),
      async pull(name) {
        const { pulls } = await planFor(name);
        const results = await carryOut(pulls, storePath, all.access, fetching, signal, onEvent);
        for (const { failure } of results) if (failure !== undefined) throw failure;
      },
      inUse: async () => containersInUse(paths.containersStorePath ?? containersStorePath()),
    },
    signal,
  );
}
