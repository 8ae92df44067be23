import { freedBytes, type Garbage, garbageOf } from '../guard/garbage.ts';
import type { InUse } from '../guard/in-use.ts';
import { type Needs, whyNeeded } from '../guard/need.ts';
import { asFailure, type Failure } from '../model/failure.ts';
import type { Inventory, StoredImage } from '../model/inventory.ts';

export interface GarbageEffects {
  readonly readInventory: (signal: AbortSignal) => Promise<Inventory>;
  /** Asked for after the store was read, and again before each removal: from files alone. */
  readonly readNeeds: (signal: AbortSignal) => Promise<Needs>;
  readonly readInUse: () => Promise<InUse>;
  readonly remove: (image: StoredImage, signal: AbortSignal) => Promise<void>;
  readonly dropName: (name: string, signal: AbortSignal) => Promise<void>;
  readonly rename: (
    inventory: Inventory,
    image: StoredImage,
    name: string,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly nowUs: () => number;
}

export interface GarbageResult {
  /** As it was decided; with `dryRun` that is all. */
  readonly garbage: Garbage;
  /** Removed, or what would be, by a name where it has one. */
  readonly images: readonly string[];
  readonly freedBytes: number;
  readonly failures: readonly { readonly image: StoredImage; readonly failure: Failure }[];
}

/**
 * Removes what nothing on the host needs, and the names that would make bootc's prune fail. One image that cannot be removed does
 * not stop the others.
 * @param mode of the store
 * @throws Failure `Cancelled`, and what reading the store, the roots or the containers' store gives: then nothing is removed
 */
export async function collectGarbage(
  { mode, dryRun }: { readonly mode: 'bootc' | 'own'; readonly dryRun: boolean },
  effects: GarbageEffects,
  signal: AbortSignal,
): Promise<GarbageResult> {
  // In this order: what bootc pulls is pulled for something that it has staged by then.
  const inventory = await effects.readInventory(signal);
  const needs = await effects.readNeeds(signal);
  const garbage = garbageOf(inventory, needs, await effects.readInUse(), { mode, nowUs: effects.nowUs() });
  const failures: { image: StoredImage; failure: Failure }[] = [];
  const tried = async (image: StoredImage, act: () => Promise<void>): Promise<boolean> => {
    signal.throwIfAborted();
    try {
      await act();
      return true;
    } catch (error) {
      const failure = asFailure(error);
      if (failure.code === 'Cancelled' || failure.code === 'Internal') throw error;
      failures.push({ image, failure });
      return false;
    }
  };
  const removed: StoredImage[] = [];
  for (const { image } of garbage.remove) {
    if (dryRun || (await isNeededNow(image, effects, signal))) continue;
    if (await tried(image, async () => effects.remove(image, signal))) removed.push(image);
  }
  if (!dryRun) {
    for (const { image, name } of garbage.dropNames)
      await tried(image, async () => effects.dropName(name, signal));
    for (const { image, name } of garbage.rename)
      await tried(image, async () => effects.rename(inventory, image, name, signal));
  }
  const gone = dryRun ? garbage.remove.map(({ image }) => image) : removed;
  return {
    garbage,
    images: gone.map(({ id, names: [name] }) => name ?? id),
    freedBytes: freedBytes(inventory, gone),
    failures,
  };
}

/** Something may have been staged since: its images need no pull where they are here, so that nothing else would tell. */
async function isNeededNow(
  image: StoredImage,
  effects: GarbageEffects,
  signal: AbortSignal,
): Promise<boolean> {
  const needs = await effects.readNeeds(signal);
  return needs.unread.length > 0 || whyNeeded(image, needs, effects.nowUs()) !== undefined;
}
