import { expect, test } from 'vitest';
import { grantLease, leasedDigests, leasesAt, releaseLease, type Lease } from '../../src/state/leases.ts';
import { digestOf } from './sample.ts';

const nowUs = 1_795_000_000_000_000;
const dayUs = 24 * 3_600_000_000;
const [a, b, c] = ['a', 'b', 'c'].map(digestOf) as [
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
];
const none: readonly Lease[] = [];

test('holds what was asked for until it expires or is released', () => {
  const leases = grantLease(
    grantLease(none, 'candidate', [a, b, a], nowUs, dayUs),
    'job 3',
    [b, c],
    nowUs,
    1,
  );
  expect([...leasedDigests(leases, nowUs)].sort()).toEqual([a, b, c]);
  expect([...leasedDigests(leases, nowUs + 1)]).toEqual([a, b]);
  expect([...leasedDigests(releaseLease(leases, 'candidate'), nowUs)]).toEqual([b, c]);
  expect(leasesAt(leases, nowUs + dayUs)).toEqual([]);
});

test('a holder has one lease, the last', () => {
  const leases = grantLease(grantLease(none, 'candidate', [a], nowUs, dayUs), 'candidate', [b], nowUs, dayUs);
  expect(leases).toEqual([{ holder: 'candidate', digests: [b], expiresUs: nowUs + dayUs }]);
});

test('a clock that was put back makes no lease longer than a week', () => {
  const leases = grantLease(none, 'candidate', [a], nowUs, 30 * dayUs);
  expect(leases[0]?.expiresUs).toBe(nowUs + 7 * dayUs);
  expect(leasesAt(leases, nowUs - 1000 * dayUs)[0]?.expiresUs).toBe(nowUs - 993 * dayUs);
});
