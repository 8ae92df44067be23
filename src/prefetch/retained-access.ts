import type { BlobCache } from '../fetch/blob-cache.ts';
import { asFailure } from '../model/failure.ts';
import type { Want } from '../plan/want.ts';
import type { Access } from './access.ts';
import { blobsOf } from './image-blobs.ts';
import { readRetained, type RetainedImage } from './retained.ts';

export interface RetainedAccess {
  /** The same access, that gives what is retained where the reference pins it, and where no registry gives it. */
  readonly access: Access;
  /** Whether every blob of it is in the cache. */
  readonly isRetained: (want: Want) => boolean;
}

/**
 * @param prefersRetained for a tag too: what was there is to be brought again, whatever the tag means now
 */
export async function withRetained(
  access: Access,
  cache: Pick<BlobCache, 'folderPath' | 'has'>,
  prefersRetained: boolean,
): Promise<RetainedAccess> {
  const retained: RetainedImage[] = [];
  for (const image of await readRetained(cache.folderPath)) {
    const blobs = await Promise.all(blobsOf(image).map(async ({ digest }) => cache.has(digest)));
    if (blobs.every(Boolean)) retained.push(image);
  }
  const find = ({ image, reference: { digest } }: Want): RetainedImage | undefined =>
    retained.find(
      (each) =>
        each.image === image &&
        (digest === undefined || [each.manifest.digest, each.manifest.indexDigest].includes(digest)),
    );
  return {
    isRetained: (want) => find(want) !== undefined,
    access: {
      ...access,
      async resolve(want, signal) {
        const found = find(want);
        if (found === undefined) return access.resolve(want, signal);
        if (prefersRetained || want.reference.digest !== undefined) return found.manifest;
        return access.resolve(want, signal).catch((error: unknown) => {
          if (asFailure(error).code === 'Cancelled') throw error;
          return found.manifest;
        });
      },
    },
  };
}
