import { expect, test } from 'vitest';
import { collectGarbage, type GarbageEffects } from '../../src/agent/collect-garbage.ts';
import type { Needs } from '../../src/guard/need.ts';
import { Failure } from '../../src/model/failure.ts';
import { inventory, storedImage, storedLayer } from '../support/samples.ts';

const base = storedLayer('base', { diffSizeBytes: 1000 });
const a = storedImage('a', { layers: [base, storedLayer('of a', { diffSizeBytes: 100 })] });
const b = storedImage('b', { layers: [base, storedLayer('of b', { diffSizeBytes: 10 })] });
const nothing: Needs = { needs: [], leases: [], osImages: [], unread: [] };
const never = new AbortController().signal;
const all = { mode: 'bootc', dryRun: false } as const;

function world(changes: Partial<GarbageEffects> = {}): { effects: GarbageEffects; done: string[] } {
  const done: string[] = [];
  const effects: GarbageEffects = {
    readInventory: async () => {
      done.push('store');
      return inventory([a, b]);
    },
    readNeeds: async () => {
      done.push('needs');
      return nothing;
    },
    readInUse: async () => ({ layers: new Map(), images: new Map() }),
    remove: async ({ id }) => void done.push(`remove ${id}`),
    dropName: async (name) => void done.push(`drop ${name}`),
    rename: async () => void done.push('rename'),
    nowUs: () => 0,
    ...changes,
  };
  return { effects, done };
}

test('reads the store before the roots, and the roots again before each removal', async () => {
  const { effects, done } = world();
  expect(await collectGarbage(all, effects, never)).toMatchObject({
    images: ['a', 'b'],
    freedBytes: 1110,
    failures: [],
  });
  expect(done).toEqual(['store', 'needs', 'needs', `remove ${a.id}`, 'needs', `remove ${b.id}`]);
});

test('a dry run says the same and does nothing', async () => {
  const { effects, done } = world();
  expect(await collectGarbage({ ...all, dryRun: true }, effects, never)).toMatchObject({
    images: ['a', 'b'],
    freedBytes: 1110,
  });
  expect(done).toEqual(['store', 'needs']);
});

test.each<[string, Needs]>([
  ['was staged', { ...nothing, needs: [{ slot: 'staged', names: ['a'] }] }],
  ['cannot be read', { ...nothing, unread: ['the staged deployment'] }],
])('leaves what something needs that %s meanwhile', async (_, later) => {
  const answers = [nothing, later, nothing];
  const { effects, done } = world({ readNeeds: async () => answers.shift() ?? nothing });
  expect(await collectGarbage(all, effects, never)).toMatchObject({ images: ['b'], freedBytes: 10 });
  expect(done).not.toContain(`remove ${a.id}`);
});

test('one that cannot be removed does not stop the others, and frees nothing', async () => {
  const failure = new Failure('ProgramFailed', 'a container of that store holds it');
  const { effects } = world({
    remove: async ({ id }) => {
      if (id === a.id) throw failure;
    },
  });
  expect(await collectGarbage(all, effects, never)).toMatchObject({
    images: ['b'],
    freedBytes: 10,
    failures: [{ image: a, failure }],
  });
});

test('where podman cannot be asked what it stands on, nothing is removed', async () => {
  const failure = new Failure('StoreUnknown', 'no');
  const { effects, done } = world({ readInUse: async () => Promise.reject(failure) });
  await expect(collectGarbage(all, effects, never)).rejects.toBe(failure);
  expect(done).toEqual(['store', 'needs']);
});

test('a cancel ends it', async () => {
  const { effects, done } = world();
  const cancelled = AbortSignal.abort(new Failure('Cancelled', 'cancelled'));
  await expect(collectGarbage(all, effects, cancelled)).rejects.toMatchObject({ code: 'Cancelled' });
  expect(done.filter((what) => what.startsWith('remove'))).toEqual([]);
});
