import { parseStamp, stampOf } from '../bundle/stamp-text.ts';
import type { LockNote } from '../guard/lock-note.ts';
import type { Digest } from '../model/digest.ts';
import type { Failure } from '../model/failure.ts';
import type { Postponed } from '../model/host-state.ts';
import { candidateKind, lockNoteKind, postponedKind } from '../state/host-notes.ts';
import { grantLease, type Lease, leasesAt, leasesKind } from '../state/leases.ts';
import { openJobIds } from '../state/job-ids.ts';
import { openDocument } from '../state/open-document.ts';
import { type ImageRecord, changeRecord, keepRecords, resultsKind } from '../state/results.ts';
import { afterFailure, afterPull, afterVerify, type NextTry, nextTry } from '../state/retries.ts';
import type { KnownCandidate } from './survey-host.ts';

/** What survives the agent's exit: results, the candidate, its lock, the ids of jobs. One process at a time has it open. */
export interface HostMemory {
  readonly record: (reference: string) => ImageRecord | undefined;
  readonly pulled: (reference: string) => Promise<void>;
  readonly verified: (reference: string) => Promise<void>;
  /** Found by a verification. It says nothing of whether it can be brought again, so that a repair need not wait. */
  readonly damaged: (reference: string, failure: Failure) => Promise<void>;
  readonly failed: (reference: string, failure: Failure) => Promise<void>;
  /** Of configuration and credentials: what gave up or was postponed with others is tried again. */
  readonly setFingerprint: (fingerprint: () => string) => void;
  /** When an image that failed may be tried again by itself. */
  readonly nextTry: (reference: string) => NextTry;
  /** Forgets results of images that nothing binds any more. */
  readonly keepOnly: (bound: ReadonlySet<string>) => Promise<void>;
  readonly candidate: () => KnownCandidate | undefined;
  readonly setCandidate: (candidate: KnownCandidate | undefined) => Promise<void>;
  readonly lockNote: () => LockNote | undefined;
  /** Durable before it returns. */
  readonly setLockNote: (note: LockNote | undefined) => Promise<void>;
  /** The scheduled prefetch that was to run last, where it may not go on. */
  readonly postponed: () => Postponed | undefined;
  readonly setPostponed: (postponed: Postponed | undefined) => Promise<void>;
  /** Keeps images, by their digests, for a week, for somebody who will need them. */
  readonly grantLease: (holder: string, digests: readonly Digest[]) => Promise<void>;
  readonly leases: () => readonly Lease[];
  /** Has to have returned before the first job. @throws Failure `NoSpace`, `Internal` */
  readonly prepareJobIds: () => Promise<void>;
  readonly nextJobId: () => bigint;
  /** What was found damaged and has been set aside, each for the journal. */
  readonly damage: readonly string[];
}

const leaseUs = 7 * 24 * 3_600_000_000;

/**
 * @param folder `/var/lib/bound-images`
 * @param opened the fingerprint of configuration and credentials, as they are now
 * @throws Failure `Internal` where the folder cannot be read
 */
export async function openHostMemory(folder: string, opened: () => string): Promise<HostMemory> {
  let fingerprint = opened;
  const nowMs = Date.now();
  const [results, candidate, lockNote, postponed, leases, ids] = await Promise.all([
    openDocument(folder, resultsKind, nowMs),
    openDocument(folder, candidateKind, nowMs),
    openDocument(folder, lockNoteKind, nowMs),
    openDocument(folder, postponedKind, nowMs),
    openDocument(folder, leasesKind, nowMs),
    openJobIds(folder, nowMs),
  ]);
  let known: KnownCandidate | undefined;
  const note = candidate.value();
  const boundSet = note === null ? undefined : parseStamp(note.boundSet);
  if (note !== null && boundSet !== undefined) known = { ...note, boundSet };

  const change = async (reference: string, to: (record: ImageRecord) => ImageRecord): Promise<void> =>
    results.update((all) => changeRecord(all, reference, to));
  return {
    record: (reference) => results.value().get(reference),
    pulled: async (reference) => change(reference, (record) => afterPull(record, nowUs())),
    verified: async (reference) => change(reference, (record) => afterVerify(record, nowUs())),
    damaged: async (reference, { code, message }) =>
      change(reference, (record) => ({ ...record, lastError: { code, text: message, atUs: nowUs() } })),
    failed: async (reference, failure) =>
      change(reference, (record) => afterFailure(record, failure, nowUs(), Math.random(), fingerprint())),
    setFingerprint: (to) => void (fingerprint = to),
    nextTry: (reference) => {
      const record = results.value().get(reference);
      return record === undefined ? { kind: 'now' } : nextTry(record, nowUs(), fingerprint());
    },
    keepOnly: async (bound) => {
      if ([...results.value().keys()].every((reference) => bound.has(reference))) return;
      await results.update((all) => keepRecords(all, bound));
    },
    candidate: () => known,
    async setCandidate(found) {
      known = found;
      await candidate.update(() =>
        found === undefined ? null : { ...found, boundSet: stampOf(found.boundSet) },
      );
    },
    lockNote: () => lockNote.value() ?? undefined,
    setLockNote: async (to) => lockNote.update(() => to ?? null),
    postponed() {
      const found = postponed.value();
      if (found === null) return undefined;
      const { untilUs, reason } = found;
      return { untilUs: found.fingerprint === fingerprint() ? untilUs : nowMs * 1000, reason };
    },
    async setPostponed(to) {
      if (to !== undefined || postponed.value() !== null)
        await postponed.update(() => (to === undefined ? null : { ...to, fingerprint: fingerprint() }));
    },
    grantLease: async (holder, digests) =>
      leases.update((all) => grantLease(leasesAt(all, nowUs()), holder, digests, nowUs(), leaseUs)),
    leases: () => leasesAt(leases.value(), nowUs()),
    prepareJobIds: ids.prepare,
    nextJobId: ids.take,
    damage: [results, candidate, lockNote, postponed, leases, ids].flatMap(({ damage }) => damage ?? []),
  };
}

/** Microseconds since the epoch. */
export function nowUs(): number {
  return Date.now() * 1000;
}
