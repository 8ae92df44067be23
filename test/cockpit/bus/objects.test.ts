import { expect, test } from 'vitest';
import {
  afterSignal,
  noObjects,
  outdated,
  show,
  withHistory,
  withManaged,
} from '../../../src/cockpit/bus/objects.ts';

const imagePath = '/org/boundimages1/image/a';
const jobPath = '/org/boundimages1/job/7';
const imageInterface = 'org.boundimages1.Image';
const jobInterface = 'org.boundimages1.Job';
const v = (t: string, value: unknown) => ({ t, v: value });
const image = {
  Reference: v('s', 'quay.io/ex/a:1'),
  State: v('s', 'missing'),
  BoundBy: v('a(ss)', [['booted', '/a.image']]),
  BytesToFetch: v('x', -1),
  LastError: v('(ss)', ['org.boundimages1.Error.NotFound', 'no such image']),
};
const managed = { [imagePath]: { [imageInterface]: image } };
const running = { Operation: v('s', 'gc'), State: v('s', 'running'), Result: v('a{sv}', {}) };

test('reads what the object manager has, and the manager itself', () => {
  const objects = {
    ...withManaged(noObjects, managed),
    manager: {
      State: 'ready',
      NextBoot: ['waiting', 'why'],
      Deployments: [
        ['booted', 'docker://quay.io/ex/os:42', '', 'ready'],
        ['other', '', '', 'ready'],
      ],
      DeploymentDetails: [{ version: v('s', '42.1'), bytes: v('t', 7), 'own-bytes': v('t', 5) }],
      Space: { 'shared-bytes': v('t', 2) },
    },
  };
  const { host, images } = show(objects, undefined);
  expect(host).toMatchObject({
    state: 'ready',
    nextBoot: { verdict: 'waiting', reason: 'why' },
    problems: [],
    deployments: [
      { slot: 'booted', version: '42.1', storageBytes: 7, ownBytes: 5 },
      { slot: 'other', version: '', storageBytes: 0, ownBytes: 0 },
    ],
    space: { sharedBytes: 2, unboundBytes: 0, freeBytes: -1 },
  });
  expect(images).toMatchObject([
    {
      reference: 'quay.io/ex/a:1',
      state: 'missing',
      boundBy: [{ slot: 'booted', file: '/a.image' }],
      bytesToFetch: -1,
      lastError: 'no such image',
      sizeBytes: 0,
    },
  ]);
});

test.each([
  ['a text', 'text'],
  ['a number', 3],
  ['nothing', undefined],
  ['interfaces of another kind', { '/x': 1, '/y': { [imageInterface]: 'no' } }],
])('%s in place of what the interface says is as if it were not there', (_what, answer) => {
  expect(() => show(withManaged(noObjects, answer), undefined)).not.toThrow();
});

test('follows the signals of its objects', () => {
  const before = withManaged(noObjects, managed);
  const fetched = afterSignal(before, {
    path: imagePath,
    member: 'PropertiesChanged',
    args: [imageInterface, { State: v('s', 'present') }, []],
  });
  expect(show(fetched, undefined).images).toMatchObject([{ reference: 'quay.io/ex/a:1', state: 'present' }]);
  const removed = afterSignal(fetched, {
    path: '/org/boundimages1',
    member: 'InterfacesRemoved',
    args: [imagePath, [imageInterface]],
  });
  expect(show(removed, undefined).images).toEqual([]);
  const unknown = {
    path: '/org/boundimages1/image/b',
    member: 'PropertiesChanged',
    args: [imageInterface, image, []],
  };
  expect(afterSignal(before, unknown)).toBe(before);
});

test('a job that has ended is remembered after the agent has forgotten it', () => {
  const added = {
    path: '/org/boundimages1',
    member: 'InterfacesAdded',
    args: [jobPath, { [jobInterface]: running }],
  };
  const begun = afterSignal(noObjects, added);
  expect(show(begun, undefined).jobs).toMatchObject([{ path: jobPath, operation: 'gc' }]);
  const values = {
    State: v('s', 'succeeded'),
    EndTime: v('t', 5),
    Result: v('a{sv}', { 'freed-bytes': v('t', 9) }),
  };
  const ended = afterSignal(begun, {
    path: jobPath,
    member: 'PropertiesChanged',
    args: [jobInterface, values, []],
  });
  const shown = show(ended, undefined);
  expect(shown).toMatchObject({ jobs: [], endedJobs: [{ path: jobPath, result: { freedBytes: 9 } }] });
  const forgotten = afterSignal(ended, {
    path: '/org/boundimages1',
    member: 'InterfacesRemoved',
    args: [jobPath, [jobInterface]],
  });
  expect(show(forgotten, shown).endedJobs).toEqual(shown.endedJobs);
});

test('what did not change is the same value, so that it is not drawn again', () => {
  const objects = withManaged(noObjects, managed);
  const before = show(objects, undefined);
  expect(show(withManaged(noObjects, structuredClone(managed)), before).images).toBe(before.images);
});

test('knows what it has to ask for anew', () => {
  const manager = 'org.boundimages1.Manager';
  const told = (...args: readonly unknown[]) => outdated({ path: '/', member: 'PropertiesChanged', args });
  expect(told(manager, { State: v('s', 'ready') }, [])).toBe(undefined);
  expect(told(manager, {}, ['Space'])).toBe('manager');
  expect(told(jobInterface, { BytesDone: v('t', 5) }, [])).toBe(undefined);
  expect(told(jobInterface, { State: v('s', 'failed'), EndTime: v('t', 5) }, [])).toBe('history');
  expect(outdated({ path: '/', member: 'InterfacesRemoved', args: [] })).toBe(undefined);
});

test('reads the history, whatever is in it', () => {
  const record = { id: v('t', 7), result: v('s', 'failed'), error: v('(ss)', ['x', 'why']) };
  expect(show(withHistory(noObjects, [record, 3]), undefined).history).toMatchObject([
    { id: 7, result: 'failed', error: 'why', images: [], fetchedBytes: 0 },
    { id: 0, result: '' },
  ]);
  expect(show(withHistory(noObjects, 'text'), undefined).history).toEqual([]);
});
