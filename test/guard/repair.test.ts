import { expect, test } from 'vitest';
import type { InUse } from '../../src/guard/in-use.ts';
import { type Damage, type Repair, repairsOf } from '../../src/guard/repair.ts';
import type { StoredImage } from '../../src/model/inventory.ts';
import { inventory, storedImage, storedLayer } from '../support/samples.ts';

const base = storedLayer('base');
const middle = storedLayer('middle', { parent: 'base' });
const topOf = (name: string, parent: string) => storedLayer(`top of ${name}`, { parent });
const a = storedImage('a', { layers: [base, middle, topOf('a', 'middle')] });
const b = storedImage('b', { layers: [base, middle, topOf('b', 'middle')] });
const c = storedImage('c', { layers: [base, topOf('c', 'base')] });
const d = storedImage('d', { layers: [topOf('d', '')] });
const store = inventory(
  [a, b, c, d],
  [a, b, c, d].flatMap(({ layers }) => layers),
);
const all = new Set(['a', 'b', 'c', 'd']);

function held(...ids: string[]): InUse {
  return { layers: new Map(ids.map((id) => [id, 'container web'])), images: new Map() };
}

function damage(image: StoredImage, ...layers: string[]): Damage {
  return { image, layers };
}

function show(repairs: readonly Repair[]): [string, string, string][] {
  return repairs.map(({ remove, names, heldBy }) => [
    remove.flatMap((image) => image.names).join(' '),
    names.join(' '),
    heldBy.join(' '),
  ]);
}

test.each<[string, Damage[], Set<string>, InUse, [string, string, string][]]>([
  ['data alone is imported again', [damage(a)], all, held('top of a'), [['', 'a', '']]],
  ['a layer of its own', [damage(a, 'top of a')], all, held(), [['a', 'a', '']]],
  ['a layer of two goes with both', [damage(a, 'middle')], all, held(), [['a b', 'a b', '']]],
  [
    'what nobody wants is not brought back',
    [damage(a, 'middle')],
    new Set(['b']),
    held(),
    [['a b', 'b', '']],
  ],
  ['nor where only its data is gone', [damage(a)], new Set(['b']), held(), []],
  ['a base takes all', [damage(a, 'base'), damage(b, 'base')], all, held(), [['a b c', 'a b c', '']]],
  [
    'damages that have nothing in common are apart',
    [damage(a, 'top of a'), damage(d, 'top of d')],
    all,
    held('top of d'),
    [
      ['a', 'a', ''],
      ['d', 'd', 'container web'],
    ],
  ],
  [
    'damages are one where an image has both',
    [damage(a, 'top of a', 'base'), damage(c, 'top of c')],
    all,
    held(),
    [['a b c', 'a b c', '']],
  ],
  [
    'a container on what would go',
    [damage(a, 'middle')],
    all,
    held('top of b'),
    [['a b', 'a b', 'container web']],
  ],
  [
    'a container above the damage',
    [damage(a, 'base')],
    all,
    held('top of c'),
    [['a b c', 'a b c', 'container web']],
  ],
  ['a container on what others keep', [damage(a, 'top of a')], all, held('middle'), [['a', 'a', '']]],
  ['a lost image goes with its layers', [damage(a), damage(b, 'middle')], all, held(), [['a b', 'a b', '']]],
])('%s', (_, damages, wanted, inUse, expected) => {
  expect(show(repairsOf(store, damages, wanted, inUse))).toEqual(expected);
});
