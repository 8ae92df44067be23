import { diskTree } from '../definitions/disk-tree.ts';
import { readBoundSet } from '../definitions/read-bound-set.ts';
import type { BoundSet } from '../model/definition.ts';
import type { Inventory } from '../model/inventory.ts';
import type { Problem } from '../model/problem.ts';
import { type Assessment, assess } from '../plan/assess.ts';
import { wantsOf } from '../plan/want.ts';
import type { Access } from './access.ts';
import type { OsImage } from './read-os-image.ts';
import { readInventory } from '../store/read-inventory.ts';
import { twoNames } from './two-names.ts';

/** What a root binds, held against what a store has. */
export interface Survey {
  readonly inventory: Inventory;
  readonly assessments: readonly Assessment[];
  readonly problems: readonly Problem[];
}

/**
 * Reads a root's definitions and a store's records; no network, no program but where the store's driver is unknown.
 * @throws Failure `StoreDamaged`, `StoreUnknown`; what is wrong with a definition is in `problems`.
 */
export async function surveyRoot(rootPath: string, storePath: string, signal: AbortSignal): Promise<Survey> {
  const [boundSet, inventory] = await Promise.all([
    readBoundSet(diskTree(rootPath)),
    readInventory(storePath, { signal }),
  ]);
  return surveyOf(boundSet, inventory);
}

/**
 * The same for an OS image, wherever it is (`openOsImage`), with the image itself.
 * @throws Failure of the image's source, `StoreDamaged`, `StoreUnknown`
 */
export async function surveyOsImage(
  name: string,
  storePath: string,
  access: Access,
  signal: AbortSignal,
): Promise<Survey & { readonly osImage: OsImage }> {
  const { readOsImage } = await import('./read-os-image.ts');
  const [osImage, inventory] = await Promise.all([
    readOsImage(name, access, signal),
    readInventory(storePath, { signal }),
  ]);
  return { ...surveyOf(osImage.boundSet, inventory), osImage };
}

export function surveyOf(boundSet: BoundSet, inventory: Inventory): Survey {
  const { wants, problems } = wantsOf(boundSet.definitions);
  const assessments = assess(wants, inventory);
  return {
    inventory,
    assessments,
    problems: [...boundSet.problems, ...problems, ...twoNames(assessments)],
  };
}

/** The same definitions against the store as it is now. */
export async function surveyAgain(survey: Survey, signal: AbortSignal): Promise<Survey> {
  const inventory = await readInventory(survey.inventory.storePath, { signal });
  const wants = survey.assessments.map(({ want }) => want);
  const assessments = assess(wants, inventory);
  const problems = survey.problems.filter(({ code }) => code !== 'two-names');
  return { inventory, assessments, problems: [...problems, ...twoNames(assessments)] };
}
