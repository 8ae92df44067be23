import * as v from 'valibot';
import type { FailureCode } from '../model/failure.ts';
import type { DocumentKind } from './open-document.ts';

/** What decides when an image that could not be fetched is tried again. */
export type FailureClass = 'transient' | 'authentication' | 'not-found' | 'policy' | 'space';

/** Times are microseconds since the epoch. */
export interface Retry {
  readonly class: FailureClass;
  /** Failures of this class, one after another. */
  readonly tries: number;
  readonly nextTryUs: number;
  /** For a person. */
  readonly reason: string;
  /** Of the configuration and credentials that it failed with. */
  readonly fingerprint: string;
}

/** What is remembered of an image. Times are microseconds since the epoch, 0 is never. */
export interface ImageRecord {
  readonly lastPulledUs: number;
  readonly lastVerifiedUs: number;
  readonly lastError?: { readonly code: FailureCode; readonly text: string; readonly atUs: number };
  readonly retry?: Retry;
}

/** By reference, the exact `Image=` string. */
export type Results = ReadonlyMap<string, ImageRecord>;

export const emptyRecord: ImageRecord = { lastPulledUs: 0, lastVerifiedUs: 0 };

const micros = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const recordSchema = v.object({
  reference: v.string(),
  lastPulledUs: micros,
  lastVerifiedUs: micros,
  lastError: v.exactOptional(
    v.object({
      code: v.custom<FailureCode>((code) => typeof code === 'string'),
      text: v.string(),
      atUs: micros,
    }),
  ),
  retry: v.exactOptional(
    v.object({
      class: v.picklist(['transient', 'authentication', 'not-found', 'policy', 'space']),
      tries: micros,
      nextTryUs: micros,
      reason: v.string(),
      fingerprint: v.string(),
    }),
  ),
});

/** A list in the file: as names of members, references like `constructor` would not come back. */
export const resultsKind: DocumentKind<Results> = {
  name: 'results.json',
  version: 1,
  limitBytes: 32 * 2 ** 20,
  schema: v.pipe(
    v.array(recordSchema),
    v.transform((records) => new Map(records.map(({ reference, ...record }) => [reference, record]))),
  ),
  toJson: (results) => Array.from(results, ([reference, record]) => ({ reference, ...record })),
  empty: new Map(),
};

export function recordOf(results: Results, reference: string): ImageRecord {
  return results.get(reference) ?? emptyRecord;
}

export function changeRecord(
  results: Results,
  reference: string,
  change: (record: ImageRecord) => ImageRecord,
): Results {
  return new Map(results).set(reference, change(recordOf(results, reference)));
}

/** Forgets the images that nothing binds any more. */
export function keepRecords(results: Results, bound: ReadonlySet<string>): Results {
  return new Map(Array.from(results).filter(([reference]) => bound.has(reference)));
}
