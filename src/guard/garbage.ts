import type { Inventory, StoredImage, StoredLayer } from '../model/inventory.ts';
import { downToBase, type InUse } from './in-use.ts';
import { type Needs, whyNeeded } from './need.ts';
import { surplusNames } from './surplus-names.ts';

export interface GarbagePolicy {
  /** `bootc`: bootc prunes this store too, and fails on what has a second name. */
  readonly mode: 'bootc' | 'own';
  readonly nowUs: number;
}

export interface Judged {
  readonly image: StoredImage;
  /** For a person. */
  readonly why: string;
}

export interface Garbage {
  readonly remove: readonly Judged[];
  readonly keep: readonly Judged[];
  /** Names that kept images are to lose. */
  readonly dropNames: readonly { readonly image: StoredImage; readonly name: string }[];
  /** Images to be made anew under one name, since skopeo takes no digest's name away from an image. */
  readonly rename: readonly { readonly image: StoredImage; readonly name: string }[];
}

/**
 * What of a store may go. Errs on keeping: whatever a root on the disk, the candidate, a lease or a container may need stays, and
 * all of it where one root's definitions cannot be read whole, as bootc prunes nothing then either.
 */
export function garbageOf(inventory: Inventory, needs: Needs, inUse: InUse, policy: GarbagePolicy): Garbage {
  const keep: Judged[] = [];
  const unasked: StoredImage[] = [];
  const [unread] = needs.unread;
  for (const image of inventory.images) {
    const why =
      whyNeeded(image, needs, policy.nowUs) ??
      heldImage(image, inUse) ??
      (unread === undefined ? undefined : `${unread} may bind it: its definitions cannot all be read`);
    if (why === undefined) unasked.push(image);
    else keep.push({ image, why });
  }
  const { remove, held } = spareHeldLayers(unasked, keep, downToBase(inUse, inventory));
  keep.push(...held);
  const names =
    policy.mode === 'own' ? [] : keep.map(({ image }) => ({ image, ...surplusNames(image, needs.needs) }));
  return {
    remove,
    keep,
    dropNames: names.flatMap(({ image, drop }) => drop.map((name) => ({ image, name }))),
    rename: names.flatMap(({ image, renameTo }) => (renameTo === undefined ? [] : { image, name: renameTo })),
  };
}

function heldImage({ id }: StoredImage, { images }: InUse): string | undefined {
  const holder = images.get(id);
  return holder === undefined ? undefined : `${holder} was made from it`;
}

/** Layers under containers stay as long as one image has them: the image with most of them, where no other is kept anyway. */
function spareHeldLayers(
  unasked: readonly StoredImage[],
  keep: readonly Judged[],
  layers: InUse['layers'],
): { remove: Judged[]; held: Judged[] } {
  const covered = new Set(keep.flatMap(({ image }) => image.layers.map(({ id }) => id)));
  const heldLayers = (image: StoredImage): StoredLayer[] => image.layers.filter(({ id }) => layers.has(id));
  const remove: Judged[] = [];
  const held: Judged[] = [];
  for (const image of unasked.toSorted((a, b) => heldLayers(b).length - heldLayers(a).length)) {
    const only = heldLayers(image).findLast(({ id }) => !covered.has(id));
    if (only === undefined) {
      remove.push({ image, why: 'nothing on this host binds it' });
      continue;
    }
    for (const { id } of image.layers) covered.add(id);
    held.push({ image, why: `${layers.get(only.id)} stands on its layers` });
  }
  return { remove, held };
}

/** Unpacked size of the layers that only these images have; what is not recorded does not count. */
export function freedBytes({ images }: Inventory, gone: readonly StoredImage[]): number {
  const left = images.filter((image) => !gone.includes(image));
  const kept = new Set(left.flatMap(({ layers }) => layers.map(({ id }) => id)));
  const freed = new Map(gone.flatMap(({ layers }) => layers.map((layer) => [layer.id, layer] as const)));
  let bytes = 0;
  for (const [id, { diffSizeBytes }] of freed) if (!kept.has(id)) bytes += diffSizeBytes ?? 0;
  return bytes;
}
