import { Failure } from '../model/failure.ts';
import { findByName } from '../model/inventory.ts';
import { copyLayout, layoutOfLayers } from './copy-layout.ts';
import { privateFolder } from './private-folder.ts';
import { readInventory } from './read-inventory.ts';
import { removeImage } from './remove-image.ts';
import type { StorePlace } from './store-reference.ts';

/**
 * Takes one name away from an image, which keeps its others. `skopeo delete` would take the image with all its names, but a store
 * gives a name to one image: so it is given to an image of no layers, and that is removed. Killed between the two it leaves that
 * image, which is garbage of a few hundred bytes with one name. (`podman untag` would do for no store of bootc's: it needs
 * `--root`, and takes the `name@digest` when it is told to take `name:tag@digest`. Measured with 5.4.)
 * @param name one without a digest: skopeo gives no other image a name with one
 * @throws Failure `Usage` for a name with a digest, those of skopeo's reasons and of `runProgram`
 */
export async function dropName(
  place: StorePlace,
  name: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  if (name.includes('@')) throw new Failure('Usage', `${name}: a name with a digest cannot be moved`);
  await using folder = await privateFolder(place.runRoot);
  const layout = layoutOfLayers([]);
  await copyLayout(place, layout, folder.path, name, signal);
  const empty = findByName(await readInventory(place.storePath, { signal }), name);
  // Somebody may have given the name to a real image in between, as a pull does.
  if (empty?.digests.includes(layout.top.digest) === true) await removeImage(place, empty.id, { signal });
}
