import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { authFileOf, placeOf } from '../../src/cli/place.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('paths are made absolute; the root is / unless given; the store need not be there', async () => {
  await using folder = await temporaryFolder();
  expect(placeOf({ store: '/not/there' })).toEqual({ rootPath: '/', storePath: '/not/there' });
  expect(placeOf({ root: relative('.', folder.path), store: 'store' })).toEqual({
    rootPath: folder.path,
    storePath: join(process.cwd(), 'store'),
  });
});

test('a root that is no folder is refused', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'file');
  await writeFile(file, '');
  for (const root of [file, join(folder.path, 'gone'), join(file, 'below')])
    expect(() => placeOf({ root, store: '/s' })).toThrow(`--root ${root}: there is no such folder`);
});

test('an auth file is there, or is not named', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'auth.json');
  expect(authFileOf({})).toBeUndefined();
  expect(() => authFileOf({ authfile: file })).toThrow(`--authfile ${file}: there is no such file`);
  await writeFile(file, '{}');
  expect(authFileOf({ authfile: relative('.', file) })).toBe(file);
});
