import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPrefetchSources } from '../../src/prefetch/import-from-sources.ts';
import { makePlan } from '../../src/prefetch/make-plan.ts';
import { surveyRoot } from '../../src/prefetch/survey.ts';
import { Failure } from '../../src/model/failure.ts';
import { type Image, makeImage, makeLayer, writeLayout } from '../support/image.ts';
import { bound, makeRoot } from '../support/make-root.ts';
import { makeStore } from '../support/store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const never = new AbortController().signal;

async function app(seed: string): Promise<Image> {
  return makeImage([await makeLayer({ [seed]: seed })]);
}

test('what a layout has whole is imported from there; the rest is left for the registries', async () => {
  await using folder = await temporaryFolder();
  await using store = await makeStore();
  const names = ['whole', 'damaged', 'none'].map((name) => `registry.test/${name}:1`);
  const images = await Promise.all(['whole', 'damaged', 'none'].map(app));
  const [whole, damaged, none] = images as [Image, Image, Image];
  await writeLayout(folder.path, names[0] ?? '', whole);
  await writeLayout(folder.path, names[1] ?? '', damaged);
  const { digest = '', size = 0 } = damaged.layers[0] ?? {};
  await writeFile(join(folder.path, 'blobs', ...digest.split(':')), Buffer.alloc(size));
  const nodes = names.flatMap((name, at) => Object.entries(bound(`${at}.image`, `[Image]\nImage=${name}\n`)));
  const root = await makeRoot(Object.fromEntries(nodes));
  await using sources = openPrefetchSources(async () => ['/media/not-plugged-in', folder.path]);
  const asked: string[] = [];
  const resolve = sources.resolve(async ({ image }) => {
    asked.push(image);
    const bytes = none.manifest.bytes;
    const { digest, size, mediaType } = none.config;
    const config = { digest, mediaType, sizeBytes: size, annotations: {} };
    return {
      digest: none.manifest.digest,
      mediaType: none.manifest.mediaType,
      config,
      layers: [],
      annotations: {},
      bytes,
    };
  });
  const { pulls } = await makePlan(await surveyRoot(root, store.path, never), resolve, never);
  expect(asked).toEqual([names[2]]);
  const events: string[] = [];
  const { results, rest } = await sources.importWhole(pulls, store.path, never, ({ kind }) =>
    events.push(kind),
  );
  expect(results.map(({ want, failure }) => [want.image, failure])).toEqual([[names[0], undefined]]);
  expect(rest.map(({ want }) => want.image)).toEqual(names.slice(1));
  // That it failed there is nobody's concern as long as a registry may have it.
  expect(events).not.toContain('failed');
  expect(await store.imageNames()).toEqual([names[0]]);
});

test('without layouts nothing is opened, and the registries are asked', async () => {
  let asked = 0;
  await using sources = openPrefetchSources(async () => []);
  const resolve = sources.resolve(async () => {
    asked += 1;
    throw new Failure('NotFound', 'no registry');
  });
  const root = await makeRoot(bound('a.image', '[Image]\nImage=registry.test/a:1\n'));
  await using store = await makeStore();
  const { unresolved } = await makePlan(await surveyRoot(root, store.path, never), resolve, never);
  expect([asked, unresolved.length]).toEqual([1, 1]);
  expect(await sources.importWhole([], store.path, never, () => {})).toEqual({ results: [], rest: [] });
});
