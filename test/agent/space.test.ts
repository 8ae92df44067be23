import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Plan, Pull } from '../../src/agent/make-plan.ts';
import { type SpaceNeed, spaceNeeds, tooLittleSpace } from '../../src/agent/space.ts';
import { manifest, want } from '../support/samples.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const temporaryBefore = process.env['TMPDIR'];
afterEach(() => {
  if (temporaryBefore === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = temporaryBefore;
});

function planOf(bytesToFetch: readonly number[], bytesOnDisk: number): Plan {
  const pulls = bytesToFetch.map((bytes, index): Pull => ({
    want: want(`example.com/app:${index}`),
    reason: 'missing',
    manifest: manifest(`${index}`, {}),
    missing: new Set(),
    bytesToFetch: bytes,
  }));
  return { kept: [], pulls, unresolved: [], cost: { bytesToFetch: 0, bytesOnDisk, inodes: 7 } };
}

test('a store and a temporary folder on one file system are counted together, and of the pulls the two largest', async () => {
  await using folder = await temporaryFolder();
  process.env['TMPDIR'] = folder.path;
  const storePath = join(folder.path, 'not/there/yet');
  const [none] = await spaceNeeds(planOf([], 0), storePath);
  const needs = await spaceNeeds(planOf([10, 3_000, 200], 50_000), storePath);
  expect(needs.map(({ paths }) => paths)).toEqual([[storePath, folder.path]]);
  expect((needs[0]?.neededBytes ?? 0) - (none?.neededBytes ?? 0)).toBe(53_200);
  expect(needs[0]?.neededInodes).toBe(10);
  // What is left for others.
  expect(none?.neededBytes).toBeGreaterThan(0);
});

test.each<[string, Partial<SpaceNeed>, string | undefined]>([
  ['enough', {}, undefined],
  ['just enough', { neededBytes: 100, neededInodes: 100 }, undefined],
  ['one byte too few', { neededBytes: 101 }, 'free 1 bytes more'],
  ['one inode too few', { neededInodes: 101 }, '100 inodes free and 101 are needed'],
])('%s', (_, facts, text) => {
  const need = { paths: ['/a', '/b'], neededBytes: 1, freeBytes: 100, neededInodes: 1, freeInodes: 100 };
  const failure = tooLittleSpace([need, { ...need, ...facts }]);
  expect(failure?.code).toBe(text === undefined ? undefined : 'NoSpace');
  if (text !== undefined) expect(failure?.message).toMatch(new RegExp(`/a and /b .*${text}`));
});
