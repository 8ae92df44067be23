import { expect, test } from 'vitest';
import { parseBootedFile } from '../../src/deployments/booted-file.ts';

const place = Buffer.alloc(16);
place.writeBigUInt64LE(65_024n);
place.writeBigUInt64LE(16_121_863n, 8);
const entry = (type: string) =>
  Buffer.concat([
    Buffer.from('backing-root-device-inode\0\0\0\0\0\0\0'),
    place,
    Buffer.from(`\0${type}\u001a`),
  ]);

test('the folder that became / is told by device and inode', () => {
  const found = { device: 65_024n, inode: 16_121_863n };
  expect(parseBootedFile(Buffer.concat([entry('(tt)'), Buffer.from([54])]))).toEqual(found);
  // Each entry of the array begins at a multiple of eight.
  const other = Buffer.from('composefs\0\0\0\0\0\0\0\u0001\0b\n\0\0\0\0');
  expect(parseBootedFile(Buffer.concat([other, entry('(tt)'), Buffer.from([19, 78])]))).toEqual(found);
});

test.each([
  ['an empty file, as before composefs', Buffer.alloc(0)],
  ['another type', entry('(uu)')],
  ['the key alone', Buffer.from('backing-root-device-inode\0')],
])('%s tells nothing', (_, bytes) => {
  expect(parseBootedFile(bytes)).toBeUndefined();
});
