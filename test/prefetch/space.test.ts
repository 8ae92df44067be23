import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import type { Plan, Pull } from '../../src/prefetch/make-plan.ts';
import { type SpaceNeed, spaceNeeds, tooLittleSpace } from '../../src/prefetch/space.ts';
import { makeConfiguration } from '../../src/config/configuration.ts';
import { manifest, want } from '../support/samples.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const temporaryBefore = process.env['TMPDIR'];
afterEach(() => {
  if (temporaryBefore === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = temporaryBefore;
});

/** The defaults, but for the cache: where that is depends on who runs this. */
const configuration = makeConfiguration([new Map([['fetch.engine', 'direct']])]);

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
  const [none] = await spaceNeeds(planOf([], 0), storePath, configuration);
  const needs = await spaceNeeds(planOf([10, 3_000, 200], 50_000), storePath, configuration);
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

test('downloads need room in the cache, shared blobs once, and no more than it is limited to', async () => {
  await using folder = await temporaryFolder();
  process.env['CACHE_DIRECTORY'] = join(folder.path, 'cache');
  onTestFinished(() => void delete process.env['CACHE_DIRECTORY']);
  const storePath = join(folder.path, 'store');
  const layers = { shared: 1_000, own: 500 };
  const described = manifest('a', layers);
  const missing = new Set(described.layers.map(({ digest }) => digest));
  const [pull] = planOf([0], 0).pulls;
  if (pull === undefined) throw new Error('no pull');
  const pulls = ['a', 'b'].map((name) => ({
    ...pull,
    want: want(`example.com/${name}:1`),
    manifest: described,
    missing,
  }));
  const plan = { ...planOf([], 0), pulls };
  const needed = async (settings: [string, unknown][]): Promise<number> => {
    const needs = await spaceNeeds(plan, storePath, makeConfiguration([new Map(settings)]));
    return needs.find(({ paths }) => paths.includes(storePath))?.neededBytes ?? 0;
  };
  const without = await needed([['fetch.engine', 'direct']]);
  expect((await needed([])) - without).toBe(1_500 + described.config.sizeBytes);
  expect((await needed([['fetch.cache-limit', 100]])) - without).toBe(100);
  expect(
    without -
      (await needed([
        ['fetch.engine', 'direct'],
        ['store.reserve', 0],
      ])),
  ).toBeGreaterThan(0);
});
