import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BlobId, Validator } from '../model/blob.ts';
import { digestParts } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import { syncFolder } from '../system/write-file.ts';
import { openBlobFile, type BlobFile } from './blob-file.ts';
import { diskFailure } from './disk-failure.ts';
import type { GrowthTeller } from './growth.ts';
import { readJournal, writeJournal } from './journal.ts';
import type { LockFile } from './lock-file.ts';

/**
 * What a power loss may cost of a blob: this share of it, or what came in the shortest time between two syncs. More often, a fast link
 * would wait for the disk; a blob that comes faster is on the disk, or not needed any more, before it would be synced.
 */
const riskedShare = 0.005;
const syncAtMostEveryMs = 500;
/** And of a large one no more than what came in this time: the next piece waits for the disk then. */
const syncAtLeastEveryMs = 5_000;

/**
 * A blob while it is downloaded: its file, the hash of what is in it, and a journal to go on from after a kill or a power loss.
 * Disposed before its end, it keeps what came. Throws Failure `NoSpace`, `BadConfiguration`, `Busy`.
 */
export interface PartialBlob extends AsyncDisposable {
  /** How many bytes are there. */
  sizeBytes(): number;
  /** What the server said of them; undefined where it said nothing that can be relied on. */
  validator(): Validator | undefined;
  /** Whether they come from more than one answer, so that a wrong digest is not the last server's fault. */
  isPieced(): boolean;
  /** An answer begins that goes on where they end. */
  begin(validator: Validator | undefined): void;
  /** The piece is needed until it resolves. One at a time. */
  append(piece: Buffer): Promise<void>;
  /** Puts the whole blob into its place. @returns false where its digest is wrong; then nothing of it is left */
  finish(): Promise<boolean>;
  /** Ends it with what came kept, and tells those who read it why. */
  abandon(failure: Failure): Promise<void>;
}

/** What becomes of a blob that is whole. Either ends it. */
export interface WholeBlob {
  /** Puts it into its place, for good. */
  readonly keep: () => Promise<void>;
  /** Nobody needs it any more: the disk need never have it. */
  readonly drop: () => Promise<void>;
}

export interface PartialPaths {
  readonly partial: string;
  readonly journal: string;
  readonly finished: string;
}

/**
 * @param lock ended with it
 * @param settle decides what becomes of it once it is whole
 */
export async function openPartial(
  blob: BlobId,
  paths: PartialPaths,
  lock: LockFile,
  growth: GrowthTeller,
  settle: (whole: WholeBlob) => Promise<void>,
): Promise<PartialBlob> {
  const journal = await readJournal(paths.journal, blob);
  const trustedBytes = Math.min(journal.trustedBytes, blob.sizeBytes);
  const openFile = (bytes: number): Promise<BlobFile> =>
    openBlobFile(paths.partial, blob.digest, bytes, (written) => growth.tell(written));
  const file = await openFile(trustedBytes).catch(async (error: NodeJS.ErrnoException) => {
    // A journal without a file: there is nothing yet.
    if (error.code !== 'ENOENT') throw error;
    return openFile(0);
  });
  let { validator } = journal;
  let answers = file.sizeBytes() === 0 ? 0 : 1;
  let syncedBytes = Math.min(journal.syncedBytes, file.sizeBytes());
  let [askedMs, askedBytes] = [performance.now(), syncedBytes];
  let isSyncing = false;
  /** Whether the journal says what is known of all but the bytes since the last sync. */
  let journaled = journal.fresh;
  let syncing: Promise<void> = Promise.resolve();
  let ended = false;

  const failed = (error: unknown): Failure =>
    diskFailure(error, dirname(paths.partial), blob.sizeBytes - growth.bytes());
  const journalNow = (): Promise<void> => writeJournal(paths.journal, blob, syncedBytes, validator);
  const sync = async (): Promise<void> => {
    const bytes = growth.bytes();
    isSyncing = true;
    try {
      await file.handle.datasync();
      syncedBytes = bytes;
      await journalNow();
    } finally {
      isSyncing = false;
    }
  };
  /** Pieces need not wait for the disk, unless it falls behind. */
  const inBackground = (work: () => Promise<void>): void => {
    syncing = syncing.then(work);
    syncing.catch(() => {});
  };
  const syncNowAndThen = async (): Promise<void> => {
    if (!journaled) inBackground(journalNow);
    journaled = true;
    const sinceMs = performance.now() - askedMs;
    const isMuch = growth.bytes() - askedBytes >= blob.sizeBytes * riskedShare;
    if (sinceMs < syncAtLeastEveryMs && (sinceMs < syncAtMostEveryMs || isSyncing || !isMuch)) return;
    await syncing;
    [askedMs, askedBytes] = [performance.now(), growth.bytes()];
    inBackground(sync);
  };
  const close = async (failure: Failure | undefined): Promise<void> => {
    ended = true;
    await file.handle.close();
    await lock.release();
    growth.tellEnd(failure);
  };
  const publish = async (): Promise<void> => {
    await file.handle.sync();
    // Who lost it, to one that took us for dead, must not publish a file that another writes.
    if (!(await lock.isHeld()))
      throw new Failure('Busy', `${paths.partial}: another process has taken it over`);
    await rename(paths.partial, paths.finished);
    await syncFolder(dirname(paths.finished));
    await rm(paths.journal, { force: true });
  };

  const abandon = async (failure: Failure): Promise<void> => {
    if (ended) return;
    // What cannot be saved is fetched again; the failure that led here says more than that one.
    await syncing.catch(() => {});
    if (growth.bytes() > 0) await sync().catch(() => {});
    await close(failure);
  };

  return {
    sizeBytes: () => file.sizeBytes(),
    validator: () => validator,
    isPieced: () => answers > 1,
    begin: (said) => {
      answers += 1;
      journaled &&= said?.etag === validator?.etag && said?.endpoint === validator?.endpoint;
      validator = said;
    },
    append: async (piece) => {
      try {
        await file.append(piece);
        await syncNowAndThen();
      } catch (error) {
        throw failed(error);
      }
    },
    finish: async () => {
      try {
        await syncing;
        if (file.hex() === digestParts(blob.digest).hex) {
          growth.tellWhole();
          await settle({
            keep: async () => {
              await publish();
              await close(undefined);
            },
            drop: async () => {
              await rm(paths.journal, { force: true });
              await rm(paths.partial, { force: true });
              await close(undefined);
            },
          });
          return true;
        }
        await rm(paths.journal, { force: true });
        [syncedBytes, journaled, validator, answers] = [0, false, undefined, 0];
        await file.clear();
        return false;
      } catch (error) {
        throw failed(error);
      }
    },
    abandon,
    [Symbol.asyncDispose]: () =>
      abandon(new Failure('Cancelled', `${blob.digest}: its download was given up`)),
  };
}
