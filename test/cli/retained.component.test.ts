import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openAccess } from '../../src/prefetch/access.ts';
import { ownFetching } from '../../src/prefetch/fetching.ts';
import { prefetch } from '../../src/prefetch/prefetch.ts';
import { withRetained } from '../../src/prefetch/retained-access.ts';
import { surveyRoot } from '../../src/prefetch/survey.ts';
import { openBlobCache } from '../../src/fetch/blob-cache.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { configure, makeFetchScene, pushSharing } from './fetch-scene.ts';
import { allowPlainHttp } from './scene.ts';

const stack = new AsyncDisposableStack();
const images = ['one', 'two'];
const never = new AbortController().signal;
let registry: Registry;

beforeAll(async () => {
  stack.use(await allowPlainHttp());
  registry = stack.use(await startRegistry());
  await pushSharing(registry, images, 2_000_000, 1_000_000);
});
afterAll(() => stack.disposeAsync());

test('what is retained comes back without network', { timeout: 60_000 }, async () => {
  await using _settings = await configure('[store]\nretain = "all"\n');
  await using fetched = await makeFetchScene(registry, images);
  const { scene, proxy, cachePath } = fetched;
  expect(await fetched.prefetch()).toMatchObject({ exitCode: 0 });
  // Two configs, two layers of their own, and one that they share.
  expect(await readdir(join(cachePath, 'blobs/sha256'))).toHaveLength(5);
  await proxy.stop();
  expect(await scene.store.podmanInside('rmi', '--all', '--force')).toMatchObject({ exitCode: 0 });

  process.env['CACHE_DIRECTORY'] = cachePath;
  try {
    const survey = await surveyRoot(scene.rootPath, scene.store.path, never);
    await using access = openAccess(scene.rootPath, undefined);
    const retained = await withRetained(access, await openBlobCache(cachePath), true);
    expect(survey.assessments.map(({ want }) => retained.isRetained(want))).toEqual([true, true]);
    const results = await prefetch(survey, retained.access, ownFetching, never, () => {});
    expect(results.map(({ outcome }) => outcome)).toEqual(['pulled', 'pulled']);
  } finally {
    delete process.env['CACHE_DIRECTORY'];
  }
  expect(await scene.run('verify')).toMatchObject({ exitCode: 0 });
});

test('blobs of an OCI layout are taken from there', { timeout: 60_000 }, async () => {
  await using kept = await configure('[store]\nretain = "all"\n');
  await using first = await makeFetchScene(registry, images);
  expect(await first.prefetch()).toMatchObject({ exitCode: 0 });
  await kept[Symbol.asyncDispose]();
  await using _settings = await configure(`[fetch]\nsources = ["oci:${first.cachePath}"]\n`);
  await using second = await makeFetchScene(registry, images);
  expect(await second.prefetch()).toMatchObject({ exitCode: 0 });
  expect(second.sentBytes()).toBe(0);
  await second.expectCompletes(images);
});
