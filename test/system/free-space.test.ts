import { statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freeSpace } from '../../src/system/free-space.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('of a folder that is not there yet, that of its nearest parent', async () => {
  await using folder = await temporaryFolder();
  const space = await freeSpace(join(folder.path, 'not', 'there'));
  expect(space.path).toBe(folder.path);
  const { bsize, blocks } = await statfs(folder.path);
  expect(space.totalBytes).toBe(bsize * blocks);
  expect(space.freeBytes).toBeGreaterThan(0);
  expect(space.freeBytes).toBeLessThanOrEqual(space.totalBytes);
  expect(space.freeInodes).toBeGreaterThan(0);
});

test('two paths of one file system, and one of another', async () => {
  await using folder = await temporaryFolder();
  const [one, two, other] = await Promise.all([folder.path, join(folder.path, 'x'), '/proc'].map(freeSpace));
  expect(two?.device).toBe(one?.device);
  expect(other?.device).not.toBe(one?.device);
});

test('below a file there can be nothing', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'file'), '');
  await expect(freeSpace(join(folder.path, 'file', 'x'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});
