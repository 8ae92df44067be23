import { chmod, lstat, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BlobId } from '../model/blob.ts';
import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import { makeFolder } from '../system/make-folder.ts';
import { writeFileWhole } from '../system/write-file.ts';
import { algorithms, cachePaths } from './cache-paths.ts';
import { diskFailure } from './disk-failure.ts';
import { followBlob } from './follow-blob.ts';
import { createGrowth, type Growth } from './growth.ts';
import { takeLock, type LockFile } from './lock-file.ts';
import { openPartial, type PartialBlob } from './partial-blob.ts';
import { createSettling } from './settling.ts';
import { readPins, writePin } from './pins.ts';
import { cleanCache, makeRoom } from './remove-blobs.ts';

/** How often one that waits for another's download looks. */
const pollMs = 100;

/**
 * Compressed blobs on disk in OCI image layout (`blobs/sha256/HEX`). What is there under its digest is whole: it was checked,
 * synced and renamed. Several processes may use one folder. Failures: `NoSpace`, `BadConfiguration`, `Cancelled`.
 */
export interface BlobCache {
  readonly folderPath: string;
  /** Whether the whole blob is there. */
  has(digest: Digest): Promise<boolean>;
  /**
   * A blob, or its bytes `from` (included) to `to` (excluded), that is whole or that this process is downloading: then the stream
   * waits for bytes to come, and fails with the download's Failure. Undefined where it is neither. Each piece holds until the next.
   * Whatever reads a running download has bytes that no digest was checked of yet.
   */
  read(
    digest: Digest,
    range?: { readonly from?: number; readonly to?: number },
  ): Promise<{ readonly sizeBytes: number; readonly body: AsyncIterable<Buffer> } | undefined>;
  /**
   * Opens a blob to be downloaded, and what an earlier try left of it. Waits while another process, or this one, downloads it.
   * @returns undefined where the whole blob is there by then
   */
  download(blob: BlobId, signal?: AbortSignal): Promise<PartialBlob | undefined>;
  /** Keeps blobs, present and to come, from `clean` and from the size limit, of other processes too, until it is disposed. */
  pin(digests: Iterable<Digest>): Promise<AsyncDisposable>;
  /** Puts whatever is whole into its place, now. */
  settle(): Promise<void>;
  /** Removes one that turned out to be damaged. */
  remove(digest: Digest): Promise<void>;
  /** Removes those that nobody has pinned. What is whole but not settled yet, the disk then never has. */
  discard(digests: Iterable<Digest>): Promise<void>;
  /**
   * Removes whatever is neither to be kept, nor pinned, nor being downloaded; partial files too.
   * @param unusedMs what was written later stays: another run may want to go on with it
   */
  clean(keep: ReadonlySet<Digest>, unusedMs?: number): Promise<{ readonly freedBytes: number }>;
}

/**
 * Opens the cache in a folder that is made where there is none, for its owner alone.
 * @param options.limitBytes of all blobs together, and of what is being downloaded
 * @param options.settleMs how long a blob that is whole, and can be read, may be discarded before anybody waits for the disk
 * @throws Failure `NoSpace`, `BadConfiguration`
 */
export async function openBlobCache(
  folderPath: string,
  { limitBytes = Infinity, settleMs = 0 }: { readonly limitBytes?: number; readonly settleMs?: number } = {},
): Promise<BlobCache> {
  const paths = cachePaths(folderPath);
  const running = new Map<Digest, BlobId & { readonly growth: Growth }>();
  const settling = createSettling(settleMs);
  const onDisk = (error: unknown): never => {
    throw diskFailure(error, folderPath, 0);
  };
  await makeLayout(folderPath, [...algorithms.map(paths.blobs), paths.partials, paths.pins]).catch(onDisk);
  const has = async (digest: Digest): Promise<boolean> =>
    (await sizeOf(paths.of(digest).finished)) !== undefined;

  /** What running downloads will still write counts too. */
  const pendingBytes = (): number =>
    [...running.values()].reduce((sum, { sizeBytes, growth }) => sum + sizeBytes - growth.bytes(), 0);

  const openLocked = async (blob: BlobId, lock: LockFile): Promise<PartialBlob> => {
    const { digest, sizeBytes } = blob;
    const growth = createGrowth();
    running.set(digest, { ...blob, growth });
    try {
      const there = (await sizeOf(paths.of(digest).partial)) ?? 0;
      await makeRoom(paths, limitBytes, pendingBytes() - Math.min(there, sizeBytes));
      const partial = await openPartial(blob, paths.of(digest), lock, growth, (whole) =>
        settling.add(digest, whole),
      );
      void ended(growth).then(() => running.delete(digest));
      return partial;
    } catch (error) {
      running.delete(digest);
      throw diskFailure(error, folderPath, sizeBytes);
    }
  };

  return {
    folderPath,
    has,
    read: async (digest, { from = 0, to = Infinity } = {}) => {
      const wholeBytes = await sizeOf(paths.of(digest).finished);
      const download = wholeBytes === undefined ? running.get(digest) : undefined;
      const sizeBytes = wholeBytes ?? download?.sizeBytes;
      if (sizeBytes === undefined) return undefined;
      const range = { from, to: Math.min(to, sizeBytes) };
      return { sizeBytes, body: followBlob(paths.of(digest), sizeBytes, download?.growth, range) };
    },
    download: async (blob, signal) => {
      for (;;) {
        if (await has(blob.digest)) return undefined;
        const lock = await takeLock(paths.of(blob.digest).lock).catch(onDisk);
        if (lock === undefined) {
          await waitMs(pollMs, signal);
          continue;
        }
        try {
          // It may have come in between.
          if (!(await has(blob.digest))) return await openLocked(blob, lock);
        } catch (error) {
          await lock.release();
          throw error;
        }
        await lock.release();
      }
    },
    pin: (digests) => writePin(paths.pins, digests).catch(onDisk),
    settle: () => settling.keepAll(),
    remove: (digest) => rm(paths.of(digest).finished, { force: true }),
    discard: async (digests) => {
      const pinned = await readPins(paths.pins);
      for (const digest of digests) {
        if (pinned.has(digest)) continue;
        await settling.drop(digest);
        await rm(paths.of(digest).finished, { force: true });
      }
    },
    clean: (keep, unusedMs = 0) => cleanCache(paths, keep, Date.now() - unusedMs),
  };
}

async function ended(growth: Growth): Promise<void> {
  for (;;) {
    const change = growth.change();
    if (growth.end() !== undefined) return;
    await change;
  }
}

async function makeLayout(folderPath: string, folders: readonly string[]): Promise<void> {
  await makeFolder(folderPath, 0o700);
  const found = await lstat(folderPath);
  if (!found.isDirectory() || found.uid !== process.getuid?.())
    throw new Failure('BadConfiguration', `${folderPath}: the cache is to be a folder that nobody else owns`);
  await chmod(folderPath, 0o700);
  for (const folder of folders) await makeFolder(folder, 0o700);
  // OCI image-spec "Image Layout": what reads it as one finds no image in it, and its blobs.
  const files = {
    'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
    'index.json': '{"schemaVersion":2,"manifests":[]}',
  };
  for (const [name, text] of Object.entries(files)) {
    const path = join(folderPath, name);
    const there = await readFile(path, 'utf8').catch(() => '');
    if (there !== text) await writeFileWhole(path, text, { mode: 0o600 });
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

async function waitMs(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw new Failure('Cancelled', 'cancelled while another process downloads', { cause: error });
  }
}
