import type { Inventory, StoredImage } from '../model/inventory.ts';
import type { Want } from './want.ts';

/** What the store has of an image that is wanted, as far as its own records tell. */
export type Assessment =
  | { readonly kind: 'present'; readonly want: Want; readonly stored: StoredImage }
  | { readonly kind: 'missing'; readonly want: Want }
  /** Something that it needs is gone; each is named in `stored.missing`. */
  | { readonly kind: 'damaged'; readonly want: Want; readonly stored: StoredImage }
  /** Under its name stands an image with another digest than the reference pins. */
  | { readonly kind: 'mismatch'; readonly want: Want; readonly stored: StoredImage };

/** Holds every want against one view of the store. */
export function assess(wants: readonly Want[], inventory: Inventory): Assessment[] {
  const byName = new Map(
    inventory.images.flatMap((stored) => stored.names.map((name) => [name, stored] as const)),
  );
  return wants.map((want) => {
    const stored = byName.get(want.storeName);
    if (stored === undefined) return { kind: 'missing', want };
    if (stored.missing.length > 0) return { kind: 'damaged', want, stored };
    const { digest } = want.reference;
    if (digest !== undefined && !stored.digests.includes(digest)) return { kind: 'mismatch', want, stored };
    return { kind: 'present', want, stored };
  });
}
