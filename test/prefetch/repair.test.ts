import { expect, test } from 'vitest';
import { repair, type RepairEffects } from '../../src/prefetch/repair.ts';
import type { InUse } from '../../src/guard/in-use.ts';
import { Failure } from '../../src/model/failure.ts';
import { inventory, storedImage, storedLayer } from '../support/samples.ts';

const base = storedLayer('base');
const a = storedImage('a', { layers: [base] });
const b = storedImage('b', { layers: [base] });
const store = inventory([a, b], [base]);
const damages = [{ image: a, layers: ['base'] }];
const both = new Set(['a', 'b']);
const idle: InUse = { layers: new Map(), images: new Map() };
const busy: InUse = { layers: new Map([['base', 'container web (0123456789ab)']]), images: new Map() };

/** A world in which all goes well, and what was done in it. */
function world(changes: Partial<RepairEffects> = {}): { effects: RepairEffects; done: string[] } {
  const done: string[] = [];
  const note = async (what: string): Promise<void> => void done.push(what);
  const effects: RepairEffects = {
    isRetained: async () => false,
    checkObtainable: (name) => note(`check ${name}`),
    remove: (id) => note(`remove ${id}`),
    pull: (name) => note(`pull ${name}`),
    inUse: async () => idle,
    ...changes,
  };
  return { effects, done };
}

const never = new AbortController().signal;
const away = new Failure('Transient', 'the registry is away');

test('removes only once all are certain to come back, then pulls them', async () => {
  const { effects, done } = world();
  expect(await repair(store, damages, both, effects, never)).toEqual([{ name: 'a' }, { name: 'b' }]);
  expect(done).toEqual(['check a', 'check b', `remove ${a.id}`, `remove ${b.id}`, 'pull a', 'pull b']);
});

test('asks nobody where blobs are retained', async () => {
  const { effects, done } = world({ isRetained: async () => true });
  await repair(store, damages, both, effects, never);
  expect(done).not.toContainEqual(expect.stringContaining('check'));
});

test('removes none where one of them cannot be had', async () => {
  const { effects, done } = world({
    checkObtainable: async (name) => {
      if (name === 'b') throw away;
    },
  });
  expect(await repair(store, damages, both, effects, never)).toEqual([
    { name: 'a', failure: away },
    { name: 'b', failure: away },
  ]);
  expect(done).toEqual([]);
});

test.each([
  ['runs', [busy, busy]],
  ['was started meanwhile', [idle, busy]],
])('removes nothing under a container that %s, and names it', async (_, states) => {
  const { effects, done } = world({ inUse: async () => states.shift() ?? idle });
  const [first] = await repair(store, damages, both, effects, never);
  expect(first?.failure).toMatchObject({
    code: 'Postponed',
    message: expect.stringMatching(
      /^a is damaged, and container web \(0123456789ab\) stands .*verify --repair$/,
    ),
  });
  expect(done).toEqual(['check a', 'check b']);
});

test('one that fails in the end does not stop the other', async () => {
  const { effects } = world({
    pull: async (name) => {
      if (name === 'a') throw away;
    },
  });
  expect(await repair(store, damages, both, effects, never)).toEqual([
    { name: 'a', failure: away },
    { name: 'b' },
  ]);
});

test('a cancel ends it', async () => {
  const { effects, done } = world({
    checkObtainable: async () => {
      throw new Failure('Cancelled', 'cancelled');
    },
  });
  await expect(repair(store, damages, both, effects, never)).rejects.toMatchObject({ code: 'Cancelled' });
  expect(done).toEqual([]);
});
