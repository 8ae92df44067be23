import { stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from '../../src/system/make-folder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('makes what is missing above it too, with its mode, and leaves what is there', async () => {
  await using folder = await temporaryFolder();
  await makeFolder(join(folder.path, 'a/b'), 0o700);
  await makeFolder(join(folder.path, 'a/b'), 0o755);
  for (const each of ['a', 'a/b']) expect((await stat(join(folder.path, each))).mode & 0o777).toBe(0o700);
});

test('two at once make the same one', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'a/b/c');
  await Promise.all(Array.from({ length: 8 }, () => makeFolder(path)));
  expect((await stat(path)).isDirectory()).toBe(true);
});

test('goes through a link to a folder', async () => {
  await using folder = await temporaryFolder();
  await makeFolder(join(folder.path, 'real'));
  await symlink('real', join(folder.path, 'link'));
  await makeFolder(join(folder.path, 'link/below'));
  expect((await stat(join(folder.path, 'real/below'))).isDirectory()).toBe(true);
});

test('a file in the way, and a file system that takes no folders, end it', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'file'), '');
  await expect(makeFolder(join(folder.path, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(join(folder.path, 'file/below'))).rejects.toThrow(/EEXIST|ENOTDIR/);
  await expect(makeFolder('/proc/usb/below')).rejects.toMatchObject({ code: 'ENOENT' });
});
