import type { Damage } from '../guard/repair.ts';
import type { Inventory, StoredImage } from '../model/inventory.ts';
import { verifyStored } from '../store/verify-store.ts';
import { deepVerify } from './deep-verify.ts';

export interface FoundDamage extends Damage {
  /** Each thing that is wrong, for a person. */
  readonly what: readonly string[];
}

export interface DamageSearch {
  /** Reads every layer whole, instead of looking at records and at what each layer's driver needs. */
  readonly deep: boolean;
  readonly signal: AbortSignal;
  readonly onBytes?: (bytesDone: number, bytesTotal: number) => void;
}

/** verify-store.ts begins so whatever it says of a layer. */
const ofLayer = /^layer ([0-9a-f]{64}): /;

/**
 * Which of these images are not whole, and by which layers.
 * @throws Failure `Cancelled`, `StoreDamaged`, `StoreUnknown`
 */
export async function findDamage(
  inventory: Inventory,
  images: readonly StoredImage[],
  { deep, signal, onBytes }: DamageSearch,
): Promise<FoundDamage[]> {
  const verdicts = deep ? await deepVerify(inventory, images, signal, onBytes) : undefined;
  const found = await Promise.all(
    images.map(async (image): Promise<FoundDamage> => {
      const verification = await verifyStored(inventory, image.names[0] ?? '', undefined);
      const shallow = verification.kind === 'damaged' ? verification.what : [];
      const read = image.layers.flatMap(({ id }) => {
        const verdict = verdicts?.get(id);
        return verdict?.kind === 'damaged' ? verdict.what.map((what) => `layer ${id}: ${what}`) : [];
      });
      const what = [...shallow, ...read];
      const layers = what.flatMap((text) => ofLayer.exec(text)?.[1] ?? []);
      return { image, layers: [...new Set(layers)], what };
    }),
  );
  return found.filter(({ what }) => what.length > 0);
}
