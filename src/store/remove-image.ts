import { Failure } from '../model/failure.ts';
import type { Inventory, StoredImage } from '../model/inventory.ts';
import { runProgram } from '../system/run-program.ts';
import { classifySkopeo } from './classify-skopeo.ts';
import { type StorePlace, storeReference } from './store-reference.ts';

/**
 * Removes an image with all its names, and the layers that no other image needs. skopeo has no way to take one name of several:
 * `skopeo delete` of a name removes the whole image (measured with 1.18). One that is gone already is no failure.
 * @param id 64 hex digits
 * @throws Failure `ProgramFailed` where a container of that store holds the image, and those of `runProgram`
 */
export async function removeImage(
  place: StorePlace,
  id: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { exitCode, stderr } = await runProgram(
    'skopeo',
    ['delete', `${await storeReference(place)}@${id}`],
    { signal },
  );
  if (exitCode === 0) return;
  const { code, text } = classifySkopeo(stderr);
  if (code !== 'NotFound') throw new Failure(code, `image ${id} in ${place.storePath}: ${text}`);
}

/**
 * The images that have to be removed before `image` can be imported whole: itself and all that share a layer with it which cannot
 * be used. skopeo takes a layer for present once it is recorded, though its folder is gone, and c/storage drops the record with
 * the last image that needs it. None where only data is gone, which an import brings back.
 */
export function sharingDamage(inventory: Inventory, image: StoredImage): StoredImage[] {
  const unusable = new Set(image.layers.filter(({ folderMissing }) => folderMissing).map(({ id }) => id));
  return inventory.images.filter(({ layers }) => layers.some(({ id }) => unusable.has(id)));
}
