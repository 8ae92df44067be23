import * as v from 'valibot';
import { asDigest, type Digest } from '../model/digest.ts';
import type { Postponed } from '../model/host-state.ts';
import type { DocumentKind } from './open-document.ts';

const digest = v.custom<Digest>((text) => asDigest(text) !== undefined);

/** The OS image that the next upgrade would stage, as it was found last. */
export interface CandidateNote {
  readonly osImage: string;
  readonly digest: Digest;
  readonly indexDigest?: Digest;
  readonly version?: string;
  /** What it binds, as a stamp has it. */
  readonly boundSet: string;
}

export const candidateKind: DocumentKind<CandidateNote | null> = {
  name: 'candidate.json',
  version: 1,
  limitBytes: 16 * 2 ** 20,
  schema: v.nullable(
    v.object({
      osImage: v.string(),
      digest,
      indexDigest: v.exactOptional(digest),
      version: v.exactOptional(v.string()),
      boundSet: v.string(),
    }),
  ),
  empty: null,
};

/** Of the lock on a staged deployment that the agent has set, so that it unlocks none but its own. */
export type LockNoteRecord = { readonly kind: 'locking'; readonly id: string } | { readonly kind: 'staging' };

export const lockNoteKind: DocumentKind<LockNoteRecord | null> = {
  name: 'lock-note.json',
  version: 1,
  limitBytes: 4096,
  schema: v.nullable(
    v.variant('kind', [
      v.object({ kind: v.literal('locking'), id: v.string() }),
      v.object({ kind: v.literal('staging') }),
    ]),
  ),
  empty: null,
};

/** With the fingerprint of the configuration and credentials that it was postponed with: others may allow it. */
export type PostponedNote = Postponed & { readonly fingerprint: string };

export const postponedKind: DocumentKind<PostponedNote | null> = {
  name: 'postponed.json',
  version: 1,
  limitBytes: 64 * 1024,
  schema: v.nullable(
    v.object({
      untilUs: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
      reason: v.string(),
      fingerprint: v.string(),
    }),
  ),
  empty: null,
};

/** A window is looked for within three days, and nothing else waits for longer. */
const longestUs = 3 * 24 * 3_600_000_000;

/** Whether what was postponed may be tried again. Where it would wait for longer than anything can, the clock was put back since. */
export function isOver({ untilUs }: Postponed, nowUs: number): boolean {
  return untilUs <= nowUs || untilUs > nowUs + longestUs;
}
