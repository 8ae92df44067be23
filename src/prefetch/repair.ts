import { type Repair, repairsOf, type Damage } from '../guard/repair.ts';
import type { InUse } from '../guard/in-use.ts';
import { asFailure, Failure } from '../model/failure.ts';
import type { Inventory } from '../model/inventory.ts';

/** Where repaired images come from, and how. */
export interface RepairEffects {
  /** Whether all blobs of the image that has this name are retained, so that it comes back without network. */
  readonly isRetained: (name: string) => Promise<boolean>;
  /**
   * Whether it can be pulled: its manifest is there, there is room, the store can be written. Nothing is removed before.
   * @throws Failure why not
   */
  readonly checkObtainable: (name: string, signal: AbortSignal) => Promise<void>;
  readonly remove: (imageId: string, signal: AbortSignal) => Promise<void>;
  /** Retained blobs first. @throws Failure */
  readonly pull: (name: string, signal: AbortSignal) => Promise<void>;
  /** Read last of all before a removal. */
  readonly inUse: () => Promise<InUse>;
}

export interface RepairResult {
  readonly name: string;
  /** `Postponed` where a container runs from what would have to go; the reason of the first image that could not be had else. */
  readonly failure?: Failure;
}

/**
 * Brings damaged images back. Of images that share damaged layers all are removed first, and none of them before each that is wanted is
 * certain to come back, nor while a container runs on what would go: it still runs on what is left, and without it on nothing.
 * @throws Failure `Cancelled`
 */
export async function repair(
  inventory: Inventory,
  damages: readonly Damage[],
  wanted: ReadonlySet<string>,
  effects: RepairEffects,
  signal: AbortSignal,
): Promise<RepairResult[]> {
  const results: RepairResult[] = [];
  const repairs = repairsOf(inventory, damages, wanted, await effects.inUse());
  for (const { remove, names } of repairs) {
    signal.throwIfAborted();
    const failure = await obstacle(names, effects, signal);
    if (failure !== undefined) {
      results.push(...names.map((name) => ({ name, failure })));
      continue;
    }
    // A container may have been started while manifests were asked for.
    const ids = new Set(remove.map(({ id }) => id));
    const now = repairsOf(inventory, damages, wanted, await effects.inUse());
    const held = now.find((other) => other.remove.some(({ id }) => ids.has(id)))?.heldBy ?? [];
    if (held.length > 0) {
      results.push(...names.map((name) => ({ name, failure: postponed(name, held) })));
      continue;
    }
    for (const { id } of remove) await effects.remove(id, signal);
    for (const name of names) results.push(await pulled(name, effects, signal));
  }
  return results;
}

/** The first reason why an image would not come back; of one group all or none are removed. */
async function obstacle(
  names: Repair['names'],
  effects: RepairEffects,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  for (const name of names) {
    if (await effects.isRetained(name)) continue;
    try {
      await effects.checkObtainable(name, signal);
    } catch (error) {
      return expected(error);
    }
  }
  return undefined;
}

async function pulled(name: string, { pull }: RepairEffects, signal: AbortSignal): Promise<RepairResult> {
  try {
    await pull(name, signal);
    return { name };
  } catch (error) {
    return { name, failure: expected(error) };
  }
}

function expected(error: unknown): Failure {
  const failure = asFailure(error);
  if (failure.code === 'Cancelled' || failure.code === 'Internal') throw error;
  return failure;
}

function postponed(name: string, holders: readonly string[]): Failure {
  return new Failure(
    'Postponed',
    `${name} is damaged, and ${holders.join(', ')} ${holders.length === 1 ? 'stands' : 'stand'} on layers that a repair ` +
      'has to remove first: stop and remove it, then run bound-images verify --repair',
  );
}
