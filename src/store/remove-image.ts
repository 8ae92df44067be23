import { Failure } from '../model/failure.ts';
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
