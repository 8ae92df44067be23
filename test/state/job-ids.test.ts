import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type JobIds, openJobIds } from '../../src/state/job-ids.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const nowMs = Date.parse('2026-11-21T08:15:00Z');

async function reserved(folder: string): Promise<number> {
  const text = await readFile(join(folder, 'job-ids.json'), 'utf8');
  return (JSON.parse(text) as { data: { reservedUntil: number } }).data.reservedUntil;
}

async function preparedIds(folder: string): Promise<JobIds> {
  const ids = await openJobIds(folder, nowMs);
  await ids.prepare();
  return ids;
}

test('count from 1, and are reserved before they are given', async () => {
  await using folder = await temporaryFolder();
  const ids = await preparedIds(folder.path);
  // Reservations are made in the background: who is faster than the disk is refused, and can ask again.
  const takeSoon = async (): Promise<bigint> => {
    for (;;) {
      try {
        return ids.take();
      } catch (error) {
        expect(error).toMatchObject({ code: 'Busy' });
        await setImmediate();
      }
    }
  };
  for (let expected = 1; expected <= 1000; expected += 1) {
    expect(await takeSoon()).toBe(BigInt(expected));
    if (expected % 50 === 0) expect(await reserved(folder.path)).toBeGreaterThan(expected);
  }
});

test('do not come again after a restart, however it came to it', async () => {
  await using folder = await temporaryFolder();
  const given: bigint[] = [];
  for (let restart = 0; restart < 5; restart += 1) {
    const ids = await preparedIds(folder.path);
    given.push(ids.take(), ids.take());
  }
  expect(new Set(given).size).toBe(10);
  expect([...given].sort((a, b) => Number(a - b))).toEqual(given);
});

test('do not come again after the file was damaged', async () => {
  await using folder = await temporaryFolder();
  const first = (await preparedIds(folder.path)).take();
  await writeFile(join(folder.path, 'job-ids.json'), '{');
  const ids = await preparedIds(folder.path);
  expect(ids.damage).toContain('job-ids.json is not JSON; it was set aside');
  expect(ids.take()).toBe(BigInt(nowMs));
  expect(first).toBeLessThan(BigInt(nowMs));
});

test('are not reserved by who takes none, and not given before they are', async () => {
  await using folder = await temporaryFolder();
  const ids = await openJobIds(folder.path, nowMs);
  expect(await readdir(folder.path)).toEqual([]);
  await Promise.all([ids.prepare(), ids.prepare()]);
  expect(await reserved(folder.path)).toBeGreaterThan(Number(ids.take()));
});

test('can be prepared once the disk takes it', async () => {
  await using folder = await temporaryFolder();
  const inside = join(folder.path, 'state');
  await writeFile(inside, 'in the way');
  const ids = await openJobIds(inside, nowMs);
  await expect(ids.prepare()).rejects.toMatchObject({ code: 'Internal' });
  expect(() => ids.take()).toThrowError(expect.objectContaining({ code: 'Busy' }));
  await rm(inside);
  await ids.prepare();
  expect(ids.take()).toBe(1n);
});

test('are refused when the disk takes no reservations', async () => {
  await using folder = await temporaryFolder();
  const inside = join(folder.path, 'state');
  const ids = await preparedIds(inside);
  await rm(inside, { recursive: true });
  await writeFile(inside, 'in the way');
  for (let count = 0; count < 256; count += 1) ids.take();
  expect(() => ids.take()).toThrowError(expect.objectContaining({ code: 'Busy' }));
});
