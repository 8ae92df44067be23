import type { Inventory, StoredLayer } from '../model/inventory.ts';
import { removeLayers } from '../store/remove-layers.ts';
import { deepVerify } from './deep-verify.ts';
import { runRoot } from './run-root.ts';

/**
 * Reads the layers that no image has, which an import that was broken off has left, and removes what is damaged: after a power loss
 * their files may be empty, and skopeo takes a layer for whole that is recorded.
 * @returns whether anything was removed
 * @throws Failure of `deepVerify` and `removeLayers`
 */
export async function removeDamagedLeftovers(inventory: Inventory, signal: AbortSignal): Promise<boolean> {
  const leftovers = leftoverLayers(inventory);
  if (leftovers.length === 0) return false;
  const verdicts = await deepVerify(inventory, [{ layers: leftovers }], signal);
  const damaged = new Set(
    leftovers
      .filter(({ id, folderMissing }) => folderMissing || verdicts.get(id)?.kind === 'damaged')
      .map(({ id }) => id),
  );
  const parents = new Set([...inventory.layers.values()].map(({ parent }) => parent));
  const place = { storePath: inventory.storePath, runRoot: await runRoot() };
  let removed = false;
  for (const top of leftovers.filter(({ id }) => !parents.has(id))) {
    const chain = chainOf(top, inventory);
    if (!chain.some(({ id }) => damaged.has(id))) continue;
    await removeLayers(place, chain, { signal });
    removed = true;
  }
  return removed;
}

function leftoverLayers({ layers, images }: Inventory): StoredLayer[] {
  const owned = new Set(images.flatMap((image) => image.layers.map(({ id }) => id)));
  return [...layers.values()].filter(({ id, incomplete }) => !owned.has(id) && !incomplete);
}

/** Base first. */
function chainOf(top: StoredLayer, { layers }: Inventory): StoredLayer[] {
  const chain = [top];
  for (let layer = layers.get(top.parent ?? ''); layer !== undefined; layer = layers.get(layer.parent ?? ''))
    chain.unshift(layer);
  return chain;
}
