import { expect, test } from 'vitest';
import type { StoredLayer } from '../../src/model/inventory.ts';
import type { Assessment } from '../../src/plan/assess.ts';
import { divideSpace } from '../../src/plan/divide-space.ts';
import { inventory, storedImage, storedLayer, want } from '../support/samples.ts';

const layer = (name: string, diffSizeBytes: number): StoredLayer => storedLayer(name, { diffSizeBytes });
const layers = {
  base: layer('base', 1_000),
  one: layer('one', 10),
  two: layer('two', 200),
  left: layer('left', 30_000),
};
const store = inventory([], Object.values(layers));

function present(image: string, ...names: (keyof typeof layers)[]): Assessment {
  const stored = storedImage(image, { layers: names.map((name) => layers[name]) });
  return { kind: 'present', want: want(image), stored };
}

test('each layer counts once, for who alone binds it, for several or for nobody', () => {
  const one = present('example.com/one:1', 'base', 'one');
  const division = divideSpace(store, [
    // Twice in one binder, a layer is its own all the same.
    [one, present('example.com/again:1', 'one')],
    [present('example.com/two:1', 'base', 'two')],
    [{ kind: 'missing', want: want('example.com/three:1') }],
  ]);
  expect(division).toEqual({
    totalBytes: 31_210,
    binders: [
      { storageBytes: 1_010, ownBytes: 10 },
      { storageBytes: 1_200, ownBytes: 200 },
      { storageBytes: 0, ownBytes: 0 },
    ],
    sharedBytes: 1_000,
    unboundBytes: 30_000,
  });
});

test('what is not whole is there all the same, and what has no size recorded counts nothing', () => {
  const stored = storedImage('example.com/one:1', { layers: [layers.one], missing: ['the config'] });
  const damaged: Assessment = { kind: 'damaged', want: want('example.com/one:1'), stored };
  const unsized = inventory([], [layers.one, storedLayer('unsized')]);
  expect(divideSpace(unsized, [[damaged]])).toMatchObject({ totalBytes: 10, unboundBytes: 0 });
  expect(divideSpace(unsized, [])).toMatchObject({ totalBytes: 10, unboundBytes: 10, binders: [] });
});
