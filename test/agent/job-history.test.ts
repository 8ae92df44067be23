import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openJobHistory } from '../../src/agent/job-history.ts';
import type { Job, JobRecord } from '../../src/model/host-agent.ts';
import { historyKind, remember } from '../../src/state/history.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const record = (id: number, change: Partial<JobRecord> = {}): JobRecord => ({
  id: BigInt(id),
  operation: 'prefetch',
  startedByUid: 0,
  startTimeUs: id,
  endTimeUs: id,
  result: 'succeeded',
  fetchedBytes: 0,
  freedBytes: 0,
  images: [],
  imagesTotal: 0,
  damagedTotal: 0,
  ...change,
});
const brought = (id: number): JobRecord => record(id, { imagesTotal: 1, images: ['quay.io/ex/app:1'] });
const job = (id: bigint, change: Partial<Job>): Job => ({
  id,
  operation: 'prefetch',
  images: [],
  startedByUid: 1000,
  startTimeUs: 1,
  state: 'succeeded',
  bytesDone: 0,
  bytesTotal: 0,
  bytesPerSecond: 0,
  currentImage: '',
  cancelable: false,
  endTimeUs: 2,
  result: {},
  ...change,
});

function idsAfter(...records: readonly JobRecord[]): number[] {
  return records.reduce<readonly JobRecord[]>(remember, []).map(({ id }) => Number(id));
}

test('what finds nothing to do takes the place of the same before it, and nothing else', () => {
  const idle = record;
  const verified = (id: number): JobRecord => idle(id, { operation: 'verify' });
  expect(idsAfter(brought(1), idle(2), verified(3), idle(4), verified(5))).toEqual([5, 4, 1]);
  expect(idsAfter(idle(1), brought(2), idle(3))).toEqual([3, 2, 1]);
  const failed = idle(2, { result: 'failed', error: { code: 'NotFound', text: 'not there' } });
  expect(idsAfter(idle(1), failed, { ...failed, id: 3n }, idle(4))).toEqual([4, 3, 2, 1]);
});

test('is bounded', () => {
  const many = Array.from({ length: 70 }, (_, index) => brought(index));
  expect(idsAfter(...many)).toEqual(Array.from({ length: 50 }, (_, index) => 69 - index));
});

test('outlives the process, with what came over the wire and without what only looked', async () => {
  await using folder = await temporaryFolder();
  const history = await openJobHistory(folder.path);
  history.onReceived(1n, 5);
  history.onReceived(2n, 70);
  history.onReceived(1n, 600);
  const images = Array.from({ length: 30 }, (_, index) => `quay.io/ex/app:${index}`);
  history.onEnded(job(1n, { result: { images } }));
  history.onEnded(job(2n, { state: 'failed', error: { code: 'NoSpace', text: 'x'.repeat(9_000) } }));
  history.onEnded(job(3n, { operation: 'gc', result: { dryRun: true, images, freedBytes: 9 } }));
  history.onEnded(job(4n, { operation: 'gc', result: { images: ['a'], freedBytes: 9 } }));
  history.onPulled(5n, 'b');
  history.onEnded(job(5n, { operation: 'verify', result: { damaged: [] } }));
  history.onPulled(6n, 'b');
  history.onEnded(job(6n, { operation: 'verify', result: { damaged: ['a', 'c'] } }));
  history.onEnded(job(7n, { state: 'running' }));
  const records = [
    { id: 6n, images: ['a', 'c'], imagesTotal: 2, damagedTotal: 2 },
    { id: 5n, images: ['b'], imagesTotal: 1, damagedTotal: 0 },
    { id: 4n, operation: 'gc', freedBytes: 9, images: ['a'], imagesTotal: 1 },
    { id: 2n, result: 'failed', fetchedBytes: 70, error: { code: 'NoSpace', text: 'x'.repeat(500) } },
    { id: 1n, result: 'succeeded', fetchedBytes: 605, images: images.slice(0, 20), imagesTotal: 30 },
  ];
  expect(history.records()).toMatchObject(records);
  await expect
    .poll(async () => (await openJobHistory(folder.path)).records(), { timeout: 60_000 })
    .toEqual(history.records());
});

test('a damaged file is set aside, and the history begins anew', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, historyKind.name), '{"version":1,"data":[{"id":"one"}]}');
  const { damage, records } = await openJobHistory(folder.path);
  expect(damage).toContain('history.json.damaged-');
  expect(records()).toEqual([]);
  expect(await readdir(folder.path)).toEqual([expect.stringMatching(/^history\.json\.damaged-/)]);
});
