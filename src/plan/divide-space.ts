import type { Inventory } from '../model/inventory.ts';
import type { Assessment } from './assess.ts';

export interface SpaceDivision {
  readonly totalBytes: number;
  /** In the order of the binders that were given. */
  readonly binders: readonly {
    /** What the store has of what it binds. */
    readonly storageBytes: number;
    /** Of those, what no other binds. */
    readonly ownBytes: number;
  }[];
  /** What several bind. */
  readonly sharedBytes: number;
  /** What none binds. */
  readonly unboundBytes: number;
}

/**
 * Whose the bytes of a store are, each layer counted once, unpacked as its records have it. All own bytes, what is shared and what is
 * unbound add up to the total.
 * @param binders what each binds
 */
export function divideSpace(
  { layers }: Inventory,
  binders: readonly (readonly Assessment[])[],
): SpaceDivision {
  const needs = binders.map(
    (assessments) =>
      new Set(assessments.flatMap((one) => (one.kind === 'missing' ? [] : one.stored.layers.map(idOf)))),
  );
  const division = {
    totalBytes: 0,
    binders: needs.map(() => ({ storageBytes: 0, ownBytes: 0 })),
    sharedBytes: 0,
    unboundBytes: 0,
  };
  for (const { id, diffSizeBytes = 0 } of layers.values()) {
    const needers = division.binders.filter((_, index) => needs[index]?.has(id) === true);
    const [first] = needers;
    division.totalBytes += diffSizeBytes;
    for (const needer of needers) needer.storageBytes += diffSizeBytes;
    if (first === undefined) division.unboundBytes += diffSizeBytes;
    else if (needers.length === 1) first.ownBytes += diffSizeBytes;
    else division.sharedBytes += diffSizeBytes;
  }
  return division;
}

function idOf({ id }: { readonly id: string }): string {
  return id;
}
