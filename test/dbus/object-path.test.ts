import { expect, test } from 'vitest';
import { socketPath } from '../../src/dbus/bus-address.ts';
import { imagePath, isObjectPath, jobIdOf, jobPath } from '../../src/dbus/object-path.ts';

test.each([
  ['quay.io/ex/app:1', '/org/boundimages1/image/quay_2eio_2fex_2fapp_3a1'],
  ['9a', '/org/boundimages1/image/_39a'],
  ['a9_b', '/org/boundimages1/image/a9_5fb'],
  ['ä', '/org/boundimages1/image/_c3_a4'],
  ['', '/org/boundimages1/image/_'],
])('%s is the object %s', (reference, path) => {
  expect(imagePath(reference)).toBe(path);
  expect(isObjectPath(path)).toBe(true);
});

test('the path of a job, and back', () => {
  expect(jobIdOf(jobPath(2n ** 64n - 1n))).toBe(2n ** 64n - 1n);
  expect(jobIdOf('/org/boundimages1/job/1x')).toBeUndefined();
  expect(jobIdOf('/')).toBeUndefined();
});

test.each(['', 'a', '/a/', '//', '/a//b', '/a-b', '/ä'])('%j is no object path', (text) => {
  expect(isObjectPath(text)).toBe(false);
});

test.each([
  ['unix:path=/run/dbus/system_bus_socket', '/run/dbus/system_bus_socket'],
  ['tcp:host=x;unix:guid=12,path=/a%20b', '/a b'],
  ['unix:abstract=/tmp/x,guid=1', '\0/tmp/x'],
])('the socket of %s', (address, path) => expect(socketPath(address)).toBe(path));

test('an address without a socket is refused', () => {
  expect(() => socketPath('tcp:host=example.com')).toThrow(
    expect.objectContaining({ code: 'BadConfiguration' }),
  );
});
