import { tmpdir } from 'node:os';
import type { Configuration } from '../config/configuration.ts';
import { Failure } from '../model/failure.ts';
import { freeSpace } from '../system/free-space.ts';
import { cacheFolder } from './cache-folder.ts';
import { blobsToFetch, bytesToFetch } from './image-blobs.ts';
import { costOf } from '../plan/cost.ts';
import type { Plan, Pull } from './make-plan.ts';
import { pullsAtOnce } from './pull-images.ts';

/** What one file system must give, and what it has. */
export interface SpaceNeed {
  /** The folders on it that are written. */
  readonly paths: readonly string[];
  /** With the reserve. */
  readonly neededBytes: number;
  readonly freeBytes: number;
  readonly neededInodes: number;
  /** Infinity where the file system has no limit. */
  readonly freeInodes: number;
}

/** Of a small file system less is left free than `store.reserve` says. */
const reserveShare = 0.05;

/**
 * Free space against what a plan writes, per file system: the layers unpacked in the store, the downloads in the cache, and the copies
 * that skopeo makes of them in $TMPDIR, else /var/tmp, for the images that are imported at once.
 */
export async function spaceNeeds(
  { cost, pulls }: Pick<Plan, 'cost' | 'pulls'>,
  storePath: string,
  { fetch, store }: Pick<Configuration, 'fetch' | 'store'>,
): Promise<SpaceNeed[]> {
  const largest = pulls.map((pull) => pull.bytesToFetch).sort((a, b) => b - a);
  const temporaryBytes = largest.slice(0, pullsAtOnce).reduce((total, bytes) => total + bytes, 0);
  const temporaryPath = process.env['TMPDIR'] === undefined ? '/var/tmp' : tmpdir();
  const cached = Math.min(bytesToFetch(pulls), fetch.cacheLimitBytes || Infinity);
  const blobs = new Set(pulls.flatMap(blobsToFetch).map(({ digest }) => digest));
  const writes = [
    { path: storePath, bytes: cost.bytesOnDisk, inodes: cost.inodes },
    { path: temporaryPath, bytes: temporaryBytes, inodes: pulls.length },
    // A blob, its journal and its lock.
    ...(fetch.engine === 'direct' || pulls.length === 0
      ? []
      : [{ path: cacheFolder(), bytes: cached, inodes: 3 * blobs.size + pulls.length }]),
  ];
  const spaces = await Promise.all(
    writes.map(async (write) => ({ ...write, space: await freeSpace(write.path) })),
  );
  return [...Map.groupBy(spaces, ({ space }) => space.device).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { totalBytes, freeBytes, freeInodes } = first.space;
    const reserveBytes = Math.min(totalBytes * reserveShare, store.reserveBytes);
    return {
      paths: group.map(({ path }) => path),
      neededBytes: Math.ceil(group.reduce((total, { bytes }) => total + bytes, 0) + reserveBytes),
      freeBytes,
      neededInodes: group.reduce((total, { inodes }) => total + inodes, 0),
      freeInodes,
    };
  });
}

/**
 * A failure of what was being written, with what the file system that is full lacks for the image.
 * @param pull what had to be written; of its layers some may have been already
 */
export async function withShortage(
  failure: Failure,
  pull: Pull,
  storePath: string,
  configuration: Pick<Configuration, 'fetch' | 'store'>,
): Promise<Failure> {
  const { layers } = pull.manifest;
  const there = layers.flatMap(({ digest }) => (pull.missing.has(digest) ? [] : digest));
  const cost = costOf([pull.manifest], new Set(there));
  const needs = await spaceNeeds({ pulls: [pull], cost }, storePath, configuration);
  const shortage = tooLittleSpace(needs);
  if (shortage === undefined) return failure;
  return new Failure('NoSpace', `${failure.message}; ${shortage.message}`, { cause: failure });
}

/** The first file system that has too little, as a failure that says how much is wanting. */
export function tooLittleSpace(needs: readonly SpaceNeed[]): Failure | undefined {
  for (const { paths, neededBytes, freeBytes, neededInodes, freeInodes } of needs) {
    const where = paths.join(' and ');
    if (freeBytes < neededBytes) {
      return new Failure(
        'NoSpace',
        `the file system of ${where} has ${freeBytes} bytes free and ${neededBytes} are needed: ` +
          `free ${neededBytes - freeBytes} bytes more, or name another with --store or TMPDIR`,
      );
    }
    if (freeInodes < neededInodes) {
      return new Failure(
        'NoSpace',
        `the file system of ${where} has ${freeInodes} inodes free and ${neededInodes} are needed: ` +
          `free ${neededInodes - freeInodes} more`,
      );
    }
  }
  return undefined;
}
