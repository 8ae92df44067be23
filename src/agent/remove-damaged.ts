import { removeImage, sharingDamage } from '../store/remove-image.ts';
import type { Plan } from './make-plan.ts';
import { runRoot } from './run-root.ts';
import type { Survey } from './survey.ts';

/**
 * Removes what stands in the way of pulling damaged images again: skopeo takes a recorded layer for present though its folder is
 * gone. An image whose manifest no registry gave is left as it is, and so is one that shares no damage with those to be pulled.
 * @returns whether anything was removed, so that layers may be missing which the plan took for present
 */
export async function removeDamaged(
  { inventory }: Survey,
  plan: Plan,
  signal: AbortSignal,
): Promise<boolean> {
  const damaged = plan.pulls.flatMap(({ reason, stored }) =>
    reason === 'damaged' && stored !== undefined ? sharingDamage(inventory, stored) : [],
  );
  const ids = new Set(damaged.map(({ id }) => id));
  if (ids.size === 0) return false;
  const place = { storePath: inventory.storePath, runRoot: await runRoot() };
  for (const id of ids) await removeImage(place, id, { signal });
  return true;
}
