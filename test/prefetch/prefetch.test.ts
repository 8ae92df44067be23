import { access as isThere } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Access } from '../../src/prefetch/access.ts';
import { ownFetching } from '../../src/prefetch/fetching.ts';
import { prefetch, type PrefetchEvent } from '../../src/prefetch/prefetch.ts';
import { surveyOf } from '../../src/prefetch/survey.ts';
import { Failure } from '../../src/model/failure.ts';
import { definition, inventory, manifest, storedImage } from '../support/samples.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const signal = new AbortController().signal;
const image = 'example.com/app:1';

function accessOf(resolve: Access['resolve']): Access {
  const unused = async (): Promise<never> => {
    throw new Error('not to be asked for');
  };
  return {
    resolve,
    registry: unused,
    resolveDigest: unused,
    pullOptions: unused,
    pullOfOsImage: {},
    [Symbol.asyncDispose]: async () => {},
  };
}

test('what is present is kept, and nobody is asked', async () => {
  const survey = surveyOf(
    { definitions: [definition(image)], problems: [] },
    inventory([storedImage(image)]),
  );
  const refuse = accessOf(async () => {
    throw new Error('asked');
  });
  const events: PrefetchEvent[] = [];
  const images = await prefetch(survey, refuse, ownFetching, signal, (event) => void events.push(event));
  expect(images.map(({ want, outcome }) => [want.image, outcome])).toEqual([[image, 'kept']]);
  expect(events.map(({ kind }) => kind)).toEqual(['planned']);
});

test('what no registry has is told at once, and is a result', async () => {
  const survey = surveyOf({ definitions: [definition(image)], problems: [] }, inventory([]));
  const gone = accessOf(async () => {
    throw new Failure('NotFound', 'not there');
  });
  const events: PrefetchEvent[] = [];
  const images = await prefetch(survey, gone, ownFetching, signal, (event) => void events.push(event));
  expect(images).toMatchObject([{ outcome: 'failed', failure: { code: 'NotFound' } }]);
  expect(events.map(({ kind }) => kind)).toEqual(['planned', 'unresolved']);
});

test('what does not fit is refused before the store is made', async () => {
  await using folder = await temporaryFolder();
  const storePath = join(folder.path, 'store');
  const survey = surveyOf(
    { definitions: [definition(image)], problems: [] },
    { ...inventory([]), storePath },
  );
  const huge = accessOf(async () => manifest('huge', { layer: 2 ** 52 }));
  await expect(prefetch(survey, huge, ownFetching, signal, () => {})).rejects.toMatchObject({
    code: 'NoSpace',
  });
  await expect(isThere(storePath)).rejects.toMatchObject({ code: 'ENOENT' });
});
