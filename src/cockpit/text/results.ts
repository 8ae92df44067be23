import type { Image, Job } from '../bus/host.ts';

/** Something that has ended: a job, or images that were brought or looked at at one time. */
export type Result =
  | { readonly kind: 'job'; readonly timeUs: number; readonly job: Job }
  | { readonly kind: 'fetched' | 'verified'; readonly timeUs: number; readonly images: readonly string[] };

/** What happened to images within so long is one result: a job brings them one after another. */
const togetherUs = 2 * 60 * 1_000_000;

/** The last results, newest first. What images say of their last time is kept by the agent, jobs are forgotten a minute after their end. */
export function lastResults(images: readonly Image[], endedJobs: readonly Job[], limit: number): Result[] {
  // Its images say that it went well.
  const told = endedJobs.filter(({ operation, state }) => operation !== 'prefetch' || state !== 'succeeded');
  const jobs = told.map((job): Result => ({ kind: 'job', timeUs: job.endTimeUs, job }));
  const verifications = told.filter(({ operation }) => operation === 'verify');
  const outsideOfJobs = (result: Result): boolean =>
    result.kind !== 'verified' ||
    !verifications.some(
      ({ startTimeUs, endTimeUs }) => result.timeUs >= startTimeUs && result.timeUs <= endTimeUs,
    );
  return [
    ...jobs,
    ...together(images, 'fetched', ({ lastPulledUs }) => lastPulledUs),
    ...together(images, 'verified', ({ lastVerifiedUs }) => lastVerifiedUs).filter(outsideOfJobs),
  ]
    .toSorted((a, b) => b.timeUs - a.timeUs)
    .slice(0, limit);
}

function together(
  images: readonly Image[],
  kind: 'fetched' | 'verified',
  timeOf: (image: Image) => number,
): Result[] {
  const newestFirst = images.filter((image) => timeOf(image) > 0).toSorted((a, b) => timeOf(b) - timeOf(a));
  const groups: { timeUs: number; lastUs: number; images: string[] }[] = [];
  for (const image of newestFirst) {
    const timeUs = timeOf(image);
    const group = groups.at(-1);
    if (group !== undefined && group.lastUs - timeUs <= togetherUs) {
      group.images.push(image.reference);
      group.lastUs = timeUs;
    } else groups.push({ timeUs, lastUs: timeUs, images: [image.reference] });
  }
  return groups.map(({ timeUs, images: references }) => ({ kind, timeUs, images: references }));
}
