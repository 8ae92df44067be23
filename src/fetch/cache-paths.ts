import { join } from 'node:path';
import { digestParts, type Digest } from '../model/digest.ts';
import type { PartialPaths } from './partial-blob.ts';

export const algorithms = ['sha256', 'sha512'] as const;

/** Where things are in a cache's folder. The hexadecimal digits of two algorithms differ in length. */
export interface CachePaths {
  readonly blobs: (algorithm: (typeof algorithms)[number]) => string;
  readonly partials: string;
  readonly pins: string;
  readonly of: (digest: Digest) => PartialPaths & { readonly lock: string };
}

export function cachePaths(folderPath: string): CachePaths {
  const partials = join(folderPath, 'partial');
  return {
    partials,
    pins: join(folderPath, 'pins'),
    blobs: (algorithm) => join(folderPath, 'blobs', algorithm),
    of: (digest) => {
      const { algorithm, hex } = digestParts(digest);
      return {
        partial: join(partials, hex),
        journal: join(partials, `${hex}.json`),
        lock: join(partials, `${hex}.lock`),
        finished: join(folderPath, 'blobs', algorithm, hex),
      };
    },
  };
}
