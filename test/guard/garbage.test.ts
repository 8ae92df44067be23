import { expect, test } from 'vitest';
import { freedBytes, garbageOf } from '../../src/guard/garbage.ts';
import type { InUse } from '../../src/guard/in-use.ts';
import type { Need, Needs } from '../../src/guard/need.ts';
import type { BinderSlot } from '../../src/model/deployment.ts';
import type { StoredImage } from '../../src/model/inventory.ts';
import { digestOf, inventory, storedImage, storedLayer } from '../support/samples.ts';

const base = storedLayer('base', { diffSizeBytes: 1000 });
const layerOfA = storedLayer('layer of a', { diffSizeBytes: 100 });
const layerOfB = storedLayer('layer of b', { diffSizeBytes: 10 });
const a = storedImage('r.test/a:1', { layers: [base, layerOfA] });
const b = storedImage('r.test/b:1', { layers: [base, layerOfB] });
const nothing: Needs = { needs: [], leases: [], osImages: [], unread: [] };
const idle: InUse = { layers: new Map(), images: new Map() };

function need(slot: BinderSlot, name: string, facts: Partial<Need> = {}): Need {
  return { slot, names: [name], ...facts };
}

function judge(
  images: readonly StoredImage[],
  needs: Partial<Needs>,
  inUse: Partial<InUse> = {},
  mode: 'bootc' | 'own' = 'bootc',
): {
  removed: string[];
  kept: Record<string, string>;
  dropped: string[];
  renamed: string[];
  freedBytes: number;
} {
  const store = inventory(images);
  const garbage = garbageOf(store, { ...nothing, ...needs }, { ...idle, ...inUse }, { mode, nowUs: 1000 });
  return {
    removed: garbage.remove.map(({ image }) => image.id),
    kept: Object.fromEntries(garbage.keep.map(({ image, why }) => [image.id, why])),
    dropped: garbage.dropNames.map(({ name }) => name),
    renamed: garbage.rename.map(({ name }) => name),
    freedBytes: freedBytes(
      store,
      garbage.remove.map(({ image }) => image),
    ),
  };
}

test('what nobody asks for goes, and frees the layers that it has alone', () => {
  expect(judge([a, b], { needs: [need('booted', 'r.test/b:1')] })).toEqual({
    removed: [a.id],
    kept: { [b.id]: 'the booted deployment binds it' },
    dropped: [],
    renamed: [],
    freedBytes: 100,
  });
  expect(judge([a, b], {})).toMatchObject({ removed: [a.id, b.id], freedBytes: 1110 });
});

test.each<[string, Partial<Needs>, Partial<InUse>, RegExp]>([
  ['a rollback', { needs: [need('rollback', 'r.test/a:1')] }, {}, /^the rollback deployment binds it$/],
  ['the candidate', { needs: [need('candidate', 'r.test/a:1')] }, {}, /^the next OS image binds it$/],
  [
    'a digest under another name',
    { needs: [need('staged', 'r.test/a@x', { digest: digestOf('manifest r.test/a:1') })] },
    {},
    /staged/,
  ],
  [
    'a lease',
    { leases: [{ digests: [digestOf('manifest r.test/a:1')], expiresUs: 1001, holder: 'os:2' }] },
    {},
    /^os:2 has a lease on it$/,
  ],
  ['an OS image by its name', { osImages: [{ name: 'r.test/a:1' }] }, {}, /OS image of a deployment/],
  [
    'an OS image by its digest',
    { osImages: [{ name: 'other', digest: digestOf('manifest r.test/a:1') }] },
    {},
    /OS image of a deployment/,
  ],
  [
    'a container that was made from it',
    {},
    { images: new Map([[a.id, 'container web']]) },
    /^container web was made/,
  ],
  [
    'a container on its layers',
    {},
    { layers: new Map([[layerOfA.id, 'container web']]) },
    /^container web stands/,
  ],
  [
    'a root that cannot be read',
    { unread: ['the rollback deployment'] },
    {},
    /^the rollback deployment may bind it/,
  ],
])('%s keeps an image', (_, needs, inUse, why) => {
  const { removed, kept } = judge([a], needs, inUse);
  expect(removed).toEqual([]);
  expect(kept[a.id]).toMatch(why);
});

test('a lease that has run out keeps nothing', () => {
  const leases = [{ digests: [digestOf('manifest r.test/a:1')], expiresUs: 1000, holder: 'os:2' }];
  expect(judge([a], { leases })).toMatchObject({ removed: [a.id] });
});

test('a layer under a container is kept by one image, not by each that has it', () => {
  const inUse = { layers: new Map([[base.id, 'container web']]) };
  expect(judge([a, b], { needs: [need('booted', 'r.test/b:1')] }, inUse)).toMatchObject({ removed: [a.id] });
  expect(judge([a, b], {}, inUse).removed).toHaveLength(1);
  const onTop = { layers: new Map([base, layerOfB].map(({ id }) => [id, 'container web'])) };
  expect(judge([a, b], {}, onTop)).toMatchObject({ removed: [a.id] });
});

const digestName = `r.test/a@${digestOf('manifest r.test/a:1')}`;
const otherDigestName = `r.test/a:2@${digestOf('manifest r.test/a:1')}`;

test.each<[string, string[], Need[], { dropped?: string[]; renamed?: string[] }]>([
  ['one name', ['n1'], [need('booted', 'n1')], {}],
  ['two that deployments need which stay', ['n1', 'n2'], [need('booted', 'n1'), need('rollback', 'n2')], {}],
  ['two that booted and staged need', ['n1', 'n2'], [need('booted', 'n1'), need('staged', 'n2')], {}],
  ['two that booted and candidate need', ['n1', 'n2'], [need('booted', 'n1'), need('candidate', 'n2')], {}],
  ['one that nobody needs', ['n1', 'n2'], [need('booted', 'n2')], { dropped: ['n1'] }],
  ['a digest beside what the booted one needs', ['n1', digestName], [need('booted', 'n1')], {}],
  ['two that the staged one needs', ['n1', 'n2'], [need('staged', 'n1'), need('staged', 'n2')], {}],
  [
    'staged and candidate',
    ['n1', 'n2'],
    [need('candidate', 'n1'), need('staged', 'n2')],
    { dropped: ['n1'] },
  ],
  [
    'two of the candidate',
    ['n1', 'n2'],
    [need('candidate', 'n1'), need('candidate', 'n2')],
    { dropped: ['n2'] },
  ],
  [
    'a digest beside what the staged one needs',
    ['n1', digestName],
    [need('staged', 'n1')],
    { renamed: ['n1'] },
  ],
  [
    'two digests of the candidate',
    [digestName, otherDigestName],
    [need('candidate', digestName), need('candidate', otherDigestName)],
    { renamed: [digestName] },
  ],
])('of %s, these go', (_, names, needs, { dropped = [], renamed = [] }) => {
  const image = storedImage('r.test/a:1', { names });
  expect(judge([image], { needs })).toMatchObject({ removed: [], dropped, renamed });
  expect(judge([image], { needs }, {}, 'own')).toMatchObject({ removed: [], dropped: [], renamed: [] });
});

test('an image that only a container or a lease holds is left one name', () => {
  const image = storedImage('r.test/a:1', { names: ['n1', 'n2'] });
  expect(judge([image], {}, { images: new Map([[image.id, 'container web']]) })).toMatchObject({
    dropped: ['n2'],
  });
});
