import { isWhole } from '../bundle/layout-blobs.ts';
import { Failure } from '../model/failure.ts';
import { fetchInto, missingFrom, removeDamaged, type SetBlob } from './fetch.ts';
import type { Collected } from './plan.ts';
import type { MirrorSource } from './source.ts';

/** Of blobs that need not all be there, those that are. */
export async function presentIn(layoutPath: string, blobs: readonly SetBlob[]): Promise<readonly SetBlob[]> {
  const missing = new Set(await missingFrom(layoutPath, blobs));
  return blobs.filter((blob) => !missing.has(blob));
}

/** What a failing disk, or another program, has changed since is fetched anew once. */
export async function verify(
  layoutPath: string,
  blobs: readonly SetBlob[],
  set: readonly Collected[],
  source: MirrorSource,
  signal: AbortSignal,
): Promise<void> {
  const damaged = await removeDamaged(layoutPath, blobs, signal);
  await fetchInto(layoutPath, damaged, source, signal, () => undefined);
  const still = await removeDamaged(layoutPath, damaged, signal);
  const [first] = still;
  if (first !== undefined)
    throw new Failure(
      'DigestMismatch',
      `${layoutPath}: ${first.blob.digest} of ${first.of.name} is not what was written; check the disk`,
    );
  for (const { manifests, name } of set)
    for (const { digest } of manifests)
      if (!(await isWhole(layoutPath, digest, signal)))
        throw new Failure(
          'DigestMismatch',
          `${layoutPath}: ${digest} of ${name} is not what was written; remove it, and check the disk`,
        );
}
