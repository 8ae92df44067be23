import type { Inventory, StoredImage } from '../model/inventory.ts';
import { downToBase, type InUse } from './in-use.ts';

/** An image that is not whole. */
export interface Damage {
  readonly image: StoredImage;
  /** Ids of its layers that are; none where only manifest or config are gone, which an import brings back. */
  readonly layers: readonly string[];
}

/**
 * Images to be removed and pulled again together: c/storage drops a layer's record with the last image that has it, and until then
 * skopeo takes the layer for present.
 */
export interface Repair {
  /** All of the store that have a layer in common with the damage. None where an import is enough. */
  readonly remove: readonly StoredImage[];
  /** Names that have to be there again afterwards. */
  readonly names: readonly string[];
  /** Who runs on layers that would go: for a person. While there is one, nothing may be removed. */
  readonly heldBy: readonly string[];
}

/** @param wanted names that some deployment binds; what else goes with the damage is not brought back */
export function repairsOf(
  inventory: Inventory,
  damages: readonly Damage[],
  wanted: ReadonlySet<string>,
  inUse: InUse,
): Repair[] {
  const held = downToBase(inUse, inventory);
  const damagedLayers = new Set(damages.flatMap(({ layers }) => layers));
  const ofData = damages.filter(({ layers }) => layers.length === 0).map(({ image }) => image);
  const groups = groupsSharing(inventory.images, damagedLayers);
  const removed = new Set(groups.flat());
  return [
    ...ofData
      .filter((image) => !removed.has(image))
      .map(({ names }) => ({ remove: [], names: names.filter((name) => wanted.has(name)), heldBy: [] })),
    ...groups.map((group) => ({
      remove: group,
      names: group.flatMap(({ names }) => names.filter((name) => wanted.has(name))),
      heldBy: holdersOf(goingLayers(inventory, group), held),
    })),
  ].filter(({ remove, names }) => remove.length > 0 || names.length > 0);
}

/** Images that have damaged layers in common, directly or through others. */
function groupsSharing(images: readonly StoredImage[], damaged: ReadonlySet<string>): StoredImage[][] {
  let groups: { readonly images: StoredImage[]; readonly layers: ReadonlySet<string> }[] = [];
  for (const image of images) {
    const layers = new Set(image.layers.map(({ id }) => id).filter((id) => damaged.has(id)));
    if (layers.size === 0) continue;
    const touching = groups.filter((group) => !group.layers.isDisjointFrom(layers));
    const joined = {
      images: [...touching.flatMap((group) => group.images), image],
      layers: touching.reduce((all, group) => all.union(group.layers), layers),
    };
    groups = [...groups.filter((group) => !touching.includes(group)), joined];
  }
  return groups.map((group) => group.images);
}

/** Layers that no image has once these are removed. */
function goingLayers({ images }: Inventory, remove: readonly StoredImage[]): Set<string> {
  const staying = images.filter((image) => !remove.includes(image));
  const kept = new Set(staying.flatMap(({ layers }) => layers.map(({ id }) => id)));
  return new Set(remove.flatMap(({ layers }) => layers.map(({ id }) => id))).difference(kept);
}

function holdersOf(layers: ReadonlySet<string>, held: ReadonlyMap<string, string>): string[] {
  return [...new Set([...layers].flatMap((id) => held.get(id) ?? []))];
}
