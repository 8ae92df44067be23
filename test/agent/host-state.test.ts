import { expect, it } from 'vitest';
import { hostState, type StateParts } from '../../src/agent/host-state.ts';
import { type Binder, type HostSurvey } from '../../src/agent/survey-host.ts';
import { surveyOf } from '../../src/prefetch/survey.ts';
import type { BinderSlot } from '../../src/model/deployment.ts';
import type { BoundSet } from '../../src/model/definition.ts';
import type { Inventory } from '../../src/model/inventory.ts';
import { problem } from '../../src/model/problem-codes.ts';
import { definition, inventory, storedImage, storedLayer } from '../support/samples.ts';

const one = 'example.com/app:1';
const two = 'example.com/app:2';
const stored = inventory([storedImage(one)]);

function binder(slot: BinderSlot, boundSet: Partial<BoundSet>, store: Inventory = stored): Binder {
  return {
    slot,
    osImage: `docker://example.com/os:${slot}`,
    survey: surveyOf({ definitions: [], problems: [], ...boundSet }, store),
  };
}

function surveyed(...binders: Binder[]): HostSurvey {
  return { store: { path: stored.storePath, mode: 'bootc' }, inventory: stored, binders };
}

function parts(more: Partial<StateParts> = {}): StateParts {
  return {
    record: () => undefined,
    underWay: new Map(),
    requirements: () => ['signedBy'],
    bytesToFetch: new Map(),
    nextBoot: { verdict: 'none', reason: '' },
    nowUs: 9,
    ...more,
  };
}

it('lists an image once, with everything that binds it', () => {
  const binders = [
    binder('booted', { definitions: [definition(one)] }),
    binder('staged', { definitions: [definition(two), definition(one)] }),
  ];
  const { images } = hostState(surveyed(...binders), parts());
  expect(images.map(({ reference, state }) => [reference, state])).toEqual([
    [one, 'present'],
    [two, 'missing'],
  ]);
  expect(images[0]?.boundBy.map(({ slot }) => slot)).toEqual(['booted', 'staged']);
  expect(images[0]).toMatchObject({ bytesToFetch: 0, signaturePolicy: 'signedBy' });
  expect(images[1]).not.toHaveProperty('bytesToFetch');
});

it.each([
  ['everything is there', { definitions: [definition(one)] }, 'ready'],
  ['an image is missing', { definitions: [definition(one), definition(two)] }, 'incomplete'],
  [
    'a definition gives no image',
    {
      problems: [
        problem('dangling-link', { file: '/usr/lib/bootc/bound-images.d/x.image' }, 'it leads nowhere'),
      ],
    },
    'incomplete',
  ],
  ['nothing is bound', {}, 'ready'],
] as const)('where %s', (_, boundSet, state) => {
  const shown = hostState(surveyed(binder('booted', boundSet)), parts());
  expect(shown.state).toBe(state);
  expect(shown.deployments).toMatchObject([
    { slot: 'booted', osImage: 'docker://example.com/os:booted', state },
  ]);
});

it('is unknown where nothing is booted', () => {
  expect(hostState(surveyed(), parts()).state).toBe('unknown');
});

it('is damaged where a verification found it so and nothing has been pulled since', () => {
  const lastError = { code: 'StoreDamaged', text: 'a layer is gone' } as const;
  const record = () => ({ lastPulledUs: 1, lastVerifiedUs: 2, lastError });
  const shown = hostState(surveyed(binder('booted', { definitions: [definition(one)] })), parts({ record }));
  expect(shown.state).toBe('damaged');
  expect(shown.images).toMatchObject([{ state: 'damaged', lastPulledUs: 1, lastVerifiedUs: 2, lastError }]);
});

it('shows what a job is doing with an image', () => {
  const underWay = new Map([[two, { state: 'fetching', job: 4n } as const]]);
  const bytesToFetch = new Map([[two, 11]]);
  const shown = hostState(
    surveyed(binder('staged', { definitions: [definition(two)] })),
    parts({ underWay, bytesToFetch }),
  );
  expect(shown.images).toMatchObject([{ reference: two, state: 'fetching', job: 4n, bytesToFetch: 11 }]);
});

it('says in which deployment a definition is wrong', () => {
  const wrong = problem(
    'dangling-link',
    { file: '/usr/lib/bootc/bound-images.d/x.image' },
    'it leads nowhere',
  );
  const { problems } = hostState(surveyed(binder('rollback', { problems: [wrong] })), parts());
  expect(problems).toEqual([{ slot: 'rollback', ...wrong }]);
});

it('says what each deployment takes of the store, in the order they are shown', () => {
  const layers = [storedLayer('base', { diffSizeBytes: 100 }), storedLayer('top', { diffSizeBytes: 7 })];
  const store = inventory(
    [storedImage(one, { layers }), storedImage(two, { layers: layers.slice(0, 1) })],
    layers,
  );
  const binders = [
    { ...binder('rollback', { definitions: [definition(two)] }, store), version: '41' },
    binder('staged', { definitions: [definition(one)] }, store),
  ];
  const shown = hostState({ ...surveyed(...binders), inventory: store, freeBytes: 5 }, parts());
  expect(shown.deployments).toMatchObject([
    { slot: 'staged', storageBytes: 107, ownBytes: 7 },
    { slot: 'rollback', version: '41', storageBytes: 100, ownBytes: 0 },
  ]);
  expect(shown.storageBytes).toBe(107);
  expect(shown.space).toEqual({ sharedBytes: 100, unboundBytes: 0, freeBytes: 5 });
});
