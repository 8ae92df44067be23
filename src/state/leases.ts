import * as v from 'valibot';
import { asDigest, type Digest } from '../model/digest.ts';
import type { DocumentKind } from './open-document.ts';

/** Somebody's claim on what no deployment on disk needs yet: garbage collection leaves it alone. */
export interface Lease {
  /** Who holds it: one lease a holder. */
  readonly holder: string;
  /** Of images and blobs. */
  readonly digests: readonly Digest[];
  /** Microseconds since the epoch. */
  readonly expiresUs: number;
}

const longestUs = 7 * 24 * 3_600_000_000;

export const leasesKind: DocumentKind<readonly Lease[]> = {
  name: 'leases.json',
  version: 1,
  limitBytes: 16 * 2 ** 20,
  schema: v.array(
    v.object({
      holder: v.string(),
      digests: v.array(v.custom<Digest>((text) => asDigest(text) !== undefined)),
      expiresUs: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    }),
  ),
  empty: [],
};

/** Takes the place of the holder's lease, if it has one. A week is the longest, and renewing the way to keep it. */
export function grantLease(
  leases: readonly Lease[],
  holder: string,
  digests: readonly Digest[],
  nowUs: number,
  durationUs: number,
): readonly Lease[] {
  const expiresUs = nowUs + Math.min(durationUs, longestUs);
  return [...releaseLease(leases, holder), { holder, digests: [...new Set(digests)].sort(), expiresUs }];
}

export function releaseLease(leases: readonly Lease[], holder: string): readonly Lease[] {
  return leases.filter((lease) => lease.holder !== holder);
}

/** Those in force. One that would last longer than any can, because the clock was put back, lasts a week from now. */
export function leasesAt(leases: readonly Lease[], nowUs: number): readonly Lease[] {
  return leases
    .filter(({ expiresUs }) => expiresUs > nowUs)
    .map((lease) => ({ ...lease, expiresUs: Math.min(lease.expiresUs, nowUs + longestUs) }));
}

export function leasedDigests(leases: readonly Lease[], nowUs: number): ReadonlySet<Digest> {
  return new Set(leasesAt(leases, nowUs).flatMap(({ digests }) => digests));
}
