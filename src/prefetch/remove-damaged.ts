import { repairsOf } from '../guard/repair.ts';
import { containersInUse } from '../store/containers-in-use.ts';
import { removeImage } from '../store/remove-image.ts';
import { containersStorePath } from './containers-store.ts';
import type { Plan } from './make-plan.ts';
import { runRoot } from './run-root.ts';
import type { Survey } from './survey.ts';

/**
 * Removes what stands in the way of pulling damaged images again: skopeo takes a recorded layer for present though its folder is
 * gone. An image whose manifest no registry gave is left as it is, and so is one that shares no damage with those to be pulled, and
 * what a container stands on: the import of that then fails, and says that it has to be removed first.
 * @returns whether anything was removed, so that layers may be missing which the plan took for present
 * @throws Failure `StoreDamaged` and `StoreUnknown`, of podman's own store too
 */
export async function removeDamaged(
  { inventory }: Survey,
  plan: Plan,
  signal: AbortSignal,
): Promise<boolean> {
  const damages = plan.pulls.flatMap(({ reason, stored }) =>
    reason === 'damaged' && stored !== undefined ? { image: stored, layers: lostLayers(stored) } : [],
  );
  if (damages.every(({ layers }) => layers.length === 0)) return false;
  const inUse = await containersInUse(containersStorePath());
  const repairs = repairsOf(inventory, damages, new Set(), inUse);
  const removable = repairs.filter(({ heldBy }) => heldBy.length === 0).flatMap(({ remove }) => remove);
  const place = { storePath: inventory.storePath, runRoot: await runRoot() };
  for (const { id } of removable) await removeImage(place, id, { signal });
  return removable.length > 0;
}

/** What an import does not bring back: a layer that is recorded, and marked as whole. */
function lostLayers({ layers }: Plan['kept'][number]['stored']): string[] {
  return layers.filter(({ folderMissing }) => folderMissing).map(({ id }) => id);
}
