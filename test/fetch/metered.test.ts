import { expect, test } from 'vitest';
import { checkMetered, isMetered, type BusCall } from '../../src/fetch/metered.ts';

const answering =
  (value: unknown): BusCall =>
  () =>
    Promise.resolve([{ signature: 'u', value }]);

const absent: BusCall = () => Promise.reject(new Error('org.freedesktop.DBus.Error.ServiceUnknown'));

test.each([
  ['unknown', 0, false],
  ['yes', 1, true],
  ['no', 2, false],
  ['yes by guess', 3, true],
  ['no by guess', 4, false],
  ['a value of later versions', 5, false],
  ['another type', 'yes', false],
])('%s', async (_what, value, expected) => {
  expect(await isMetered(answering(value))).toBe(expected);
});

test('a host without NetworkManager is not metered', async () => {
  expect(await isMetered(absent)).toBe(false);
  expect(await isMetered(() => Promise.resolve([]))).toBe(false);
});

test('NetworkManager is asked for its property, and is not started for it', async () => {
  const asked: unknown[] = [];
  await isMetered((call) => {
    asked.push(call);
    return Promise.resolve([]);
  });
  expect(asked).toEqual([
    {
      destination: 'org.freedesktop.NetworkManager',
      path: '/org/freedesktop/NetworkManager',
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      signature: 'ss',
      body: ['org.freedesktop.NetworkManager', 'Metered'],
      autoStart: false,
    },
  ]);
});

test('a metered connection postpones, unless that is allowed', async () => {
  await expect(checkMetered('postpone', answering(1))).rejects.toMatchObject({
    code: 'Postponed',
    message:
      'downloads wait until the connection is no longer metered; fetch.metered = "allow" makes them run',
  });
  await checkMetered('postpone', answering(2));
  await checkMetered('allow', () => Promise.reject(new Error('not to be asked')));
});
