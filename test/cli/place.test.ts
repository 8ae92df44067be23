import { mkdir, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { authFileOf, placeOf, prepareStore } from '../../src/cli/place.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('paths are made absolute; the root is / unless given; the store need not be there', async () => {
  await using folder = await temporaryFolder();
  expect(await placeOf({ store: '/not/there' })).toEqual({ rootPath: '/', storePath: '/not/there' });
  expect(await placeOf({ root: relative('.', folder.path), store: 'store' })).toEqual({
    rootPath: folder.path,
    storePath: join(process.cwd(), 'store'),
  });
});

test('a root that is no folder is refused', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'file');
  await writeFile(file, '');
  for (const root of [file, join(folder.path, 'gone'), join(file, 'below')])
    await expect(placeOf({ root, store: '/s' })).rejects.toThrow(`--root ${root}: there is no such folder`);
});

test('a root that is being built has its own store, where its links lead inside it', async () => {
  await using folder = await temporaryFolder();
  const root = folder.path;
  const store = async (): Promise<string> => (await placeOf({ root })).storePath;
  expect(await store()).toBe(join(root, 'sysroot/ostree/bootc/storage'));

  const link = join(root, 'usr/lib/bootc/storage');
  await mkdir(join(root, 'usr/lib/bootc'), { recursive: true });
  for (const [target, expected] of [
    ['/sysroot/ostree/bootc/storage', 'sysroot/ostree/bootc/storage'],
    ['../../../var/images', 'var/images'],
    ['/../../../../../../outside', 'outside'],
  ] as const) {
    await symlink(target, link);
    expect(await store()).toBe(join(root, expected));
    await rm(link);
  }
  await symlink('/sysroot/ostree/bootc/storage', link);
  await symlink('/var/sysroot', join(root, 'sysroot'));
  expect(await store()).toBe(join(root, 'var/sysroot/ostree/bootc/storage'));

  await rm(link);
  await symlink('storage', link);
  await expect(store()).rejects.toThrow('leads to no folder');
});

test('the store of a deployment is that of its sysroot', async () => {
  await using folder = await temporaryFolder();
  const root = join(folder.path, 'ostree/deploy/default/deploy/1234.0');
  await mkdir(root, { recursive: true });
  expect((await placeOf({ root })).storePath).toBe(join(folder.path, 'ostree/bootc/storage'));
});

test('a root without a store gets the folders above it, and the link that units name', async () => {
  await using folder = await temporaryFolder();
  const rootPath = folder.path;
  const place = await placeOf({ root: rootPath });
  await prepareStore(place);
  await prepareStore(place);
  expect(await readlink(join(rootPath, 'usr/lib/bootc/storage'))).toBe('/sysroot/ostree/bootc/storage');
  expect((await stat(join(rootPath, 'sysroot/ostree/bootc'))).mode & 0o777).toBe(0o755);
  expect(await placeOf({ root: rootPath })).toEqual(place);
});

test('no folder is made out of a root by its links', async () => {
  await using folder = await temporaryFolder();
  const rootPath = join(folder.path, 'root');
  await mkdir(rootPath);
  const outside = join(folder.path, 'outside');
  await mkdir(outside);
  for (const name of ['usr', 'sysroot']) await symlink(outside, join(rootPath, name));
  const place = await placeOf({ root: rootPath });
  await prepareStore(place);
  expect(place.storePath.startsWith(`${rootPath}/`)).toBe(true);
  expect(await readdir(outside)).toEqual([]);
});

test('an auth file is there, or is not named', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'auth.json');
  expect(authFileOf({})).toBeUndefined();
  expect(() => authFileOf({ authfile: file })).toThrow(`--authfile ${file}: there is no such file`);
  await writeFile(file, '{}');
  expect(authFileOf({ authfile: relative('.', file) })).toBe(file);
});
