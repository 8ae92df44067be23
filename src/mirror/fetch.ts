import { chmod, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { blobName, blobSize, isWhole } from '../bundle/layout-blobs.ts';
import { openBlobCache } from '../fetch/blob-cache.ts';
import type { FetchParts } from '../fetch/fetch-blob.ts';
import { fetchBlobs, type WantedBlob } from '../fetch/fetch-blobs.ts';
import { type Digest, digestParts } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Descriptor } from '../model/manifest.ts';
import { defaultLimits } from '../registry/limits.ts';
import { delayAfter, pause } from '../registry/retry.ts';
import { freeSpace } from '../system/free-space.ts';
import { syncFolder } from '../system/write-file.ts';
import type { Collected } from './plan.ts';
import type { MirrorSource } from './source.ts';
import { makeFolder } from '../system/make-folder.ts';

/** A blob, and the image that it is fetched as a part of. */
export interface SetBlob {
  readonly blob: Descriptor;
  readonly of: Collected;
}

/** Every blob of a set once, in the order of its images. */
export function blobsOf(set: readonly Collected[]): SetBlob[] {
  const blobs = new Map<Digest, SetBlob>();
  for (const of of set)
    for (const blob of of.blobs) if (!blobs.has(blob.digest)) blobs.set(blob.digest, { blob, of });
  return [...blobs.values()];
}

/** What a layout does not have. What is there under its digest with another size was cut off by something else than us. */
export async function missingFrom(layoutPath: string, blobs: readonly SetBlob[]): Promise<SetBlob[]> {
  const missing = await Promise.all(
    blobs.map(async (each) =>
      (await blobSize(layoutPath, each.blob.digest)) === each.blob.sizeBytes ? [] : [each],
    ),
  );
  return missing.flat();
}

export function bytesOf(blobs: readonly SetBlob[]): number {
  return blobs.reduce((total, { blob }) => total + blob.sizeBytes, 0);
}

/** Where downloads are kept until they are whole, bytes of a cut one too. */
export function incomingPath(layoutPath: string): string {
  return join(layoutPath, '.incoming');
}

/**
 * Brings blobs into a layout, each once and several at a time; a download that was cut goes on where it stopped, also after a kill.
 * @throws Failure `NoSpace` before anything is asked for, else the first reason why a blob could not be had
 */
export async function fetchInto(
  layoutPath: string,
  blobs: readonly SetBlob[],
  source: MirrorSource,
  signal: AbortSignal,
  onDone: (doneBytes: number) => void,
): Promise<void> {
  if (blobs.length === 0) return;
  await checkRoom(layoutPath, bytesOf(blobs));
  const cache = await openBlobCache(incomingPath(layoutPath));
  const plan = { ...defaultLimits, random: Math.random, pause };
  const parts: FetchParts = {
    cache,
    stallMs: defaultLimits.bodyIdleMs,
    delayAfter: (failure, tried) => delayAfter(failure, tried, plan),
    pause,
    now: () => performance.now(),
  };
  const wanted = blobs.map(({ blob: { digest, sizeBytes }, of: { reference, pull } }): WantedBlob => ({
    digest,
    sizeBytes,
    open: source.openBlob(reference, { digest, sizeBytes }, pull),
  }));
  const { failed } = await fetchBlobs(wanted, parts, signal, (event) => {
    if (event.kind === 'progress') onDone(event.doneBytes);
  });
  // What has come stays, whatever failed besides.
  const arrived = wanted.filter(({ digest }) => !failed.has(digest));
  for (const { digest } of arrived) await moveIn(layoutPath, digest);
  // Before anything names them.
  for (const algorithm of new Set(arrived.map(({ digest }) => digestParts(digest).algorithm)))
    await syncFolder(join(layoutPath, 'blobs', algorithm));
  const [first] = failed;
  if (first === undefined) return;
  const [digest, failure] = first;
  const of = blobs.find(({ blob }) => blob.digest === digest)?.of.name ?? digest;
  throw new Failure(failure.code, `${of}: ${failure.message}`, { cause: failure });
}

async function moveIn(layoutPath: string, digest: Digest): Promise<void> {
  const from = join(incomingPath(layoutPath), blobName(digest));
  const to = join(layoutPath, blobName(digest));
  await makeFolder(dirname(to));
  await chmod(from, 0o644);
  await rename(from, to);
}

/**
 * Reads everything of a set back from the disk. What is not what its digest says is removed, so that it is fetched anew.
 * @returns the blobs that were so
 */
export async function removeDamaged(
  layoutPath: string,
  blobs: readonly SetBlob[],
  signal: AbortSignal,
): Promise<SetBlob[]> {
  const damaged: SetBlob[] = [];
  for (const each of blobs) {
    if (await isWhole(layoutPath, each.blob.digest, signal)) continue;
    await rm(join(layoutPath, blobName(each.blob.digest)), { force: true });
    damaged.push(each);
  }
  return damaged;
}

async function checkRoom(layoutPath: string, neededBytes: number): Promise<void> {
  const { freeBytes } = await freeSpace(layoutPath);
  if (freeBytes < neededBytes)
    throw new Failure(
      'NoSpace',
      `${layoutPath} has ${freeBytes} bytes free and ${neededBytes} are needed: free ${neededBytes - freeBytes} bytes more, or give a larger disk`,
    );
}
