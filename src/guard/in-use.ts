import type { Inventory } from '../model/inventory.ts';

/** What containers and images of other stores stand on, by id of a layer and of an image: each holder for a person. */
export interface InUse {
  readonly layers: ReadonlyMap<string, string>;
  readonly images: ReadonlyMap<string, string>;
}

/** Held layers with those below them: another store's records name only the topmost of ours that it stands on. */
export function downToBase({ layers }: InUse, inventory: Inventory): ReadonlyMap<string, string> {
  const held = new Map<string, string>();
  for (const [top, holder] of layers) {
    for (
      let id: string | undefined = top;
      id !== undefined && !held.has(id);
      id = inventory.layers.get(id)?.parent
    )
      held.set(id, holder);
  }
  return held;
}
