import { expect, test } from 'vitest';
import { lastResults } from '../../../src/cockpit/text/results.ts';
import { makeImage, makeJob } from '../make-image.ts';

const minuteUs = 60_000_000;

test('images that were brought one after another are one result', () => {
  const images = [
    makeImage({ reference: 'a', lastPulledUs: 100 * minuteUs }),
    makeImage({ reference: 'b', lastPulledUs: 101 * minuteUs }),
    makeImage({ reference: 'c', lastPulledUs: 50 * minuteUs }),
    makeImage({ reference: 'never' }),
  ];
  expect(lastResults(images, [], 10)).toEqual([
    { kind: 'fetched', timeUs: 101 * minuteUs, images: ['b', 'a'] },
    { kind: 'fetched', timeUs: 50 * minuteUs, images: ['c'] },
  ]);
});

test('a job is told of unless its images say it already', () => {
  const verified = makeImage({ lastVerifiedUs: 20 });
  const jobs = [
    makeJob({ path: '/1', operation: 'verify', state: 'succeeded', startTimeUs: 10, endTimeUs: 30 }),
    makeJob({ path: '/2', operation: 'prefetch', state: 'succeeded', endTimeUs: 40 }),
    makeJob({ path: '/3', operation: 'prefetch', state: 'failed', endTimeUs: 50 }),
  ];
  const results = lastResults([verified], jobs, 10);
  expect(results.map((result) => (result.kind === 'job' ? result.job.path : result.kind))).toEqual([
    '/3',
    '/1',
  ]);
});

test('no more than asked for', () => {
  const jobs = Array.from({ length: 5 }, (_, index) =>
    makeJob({ operation: 'gc', state: 'failed', endTimeUs: index + 1 }),
  );
  expect(lastResults([], jobs, 2).map(({ timeUs }) => timeUs)).toEqual([5, 4]);
});
