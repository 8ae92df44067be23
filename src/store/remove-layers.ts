import { findByName, type StoredLayer } from '../model/inventory.ts';
import { copyLayout, layoutOfLayers } from './copy-layout.ts';
import { privateFolder } from './private-folder.ts';
import { readInventory } from './read-inventory.ts';
import { removeImage } from './remove-image.ts';
import type { StorePlace } from './store-reference.ts';

/**
 * Removes layers that no image has: an image of them is written, which takes none of their blobs, and removed with what of them nothing
 * else needs. Killed in between it leaves that image, which is garbage. Layers that did not come from a registry stay.
 * @param chain base first, up to one on which nothing stands
 * @throws Failure of skopeo's reasons, and those of `runProgram`
 */
export async function removeLayers(
  place: StorePlace,
  chain: readonly StoredLayer[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  if (chain.some(({ blobDigest, diffDigest }) => blobDigest === undefined || diffDigest === undefined))
    return;
  await using folder = await privateFolder(place.runRoot);
  const layout = layoutOfLayers(chain);
  const name = `localhost/bound-images/leftover:${layout.top.digest.slice('sha256:'.length)}`;
  await copyLayout(place, layout, folder.path, name, signal);
  const image = findByName(await readInventory(place.storePath, { signal }), name);
  if (image !== undefined) await removeImage(place, image.id, { signal });
}
