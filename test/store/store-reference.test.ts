import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { storeReference } from '../../src/store/store-reference.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { goldenStore } from './golden-store.ts';

const runRoot = '/run/images';

test('a new store is an overlay one, or what was asked for', async () => {
  await using folder = await temporaryFolder();
  const storePath = join(folder.path, 'new');
  expect(await storeReference({ storePath, runRoot })).toBe(
    `containers-storage:[overlay@${storePath}+${runRoot}]`,
  );
  expect(await storeReference({ storePath, runRoot, driver: 'vfs' })).toBe(
    `containers-storage:[vfs@${storePath}+${runRoot}]`,
  );
});

test('an existing store keeps its driver', async () => {
  await using folder = await temporaryFolder();
  await goldenStore(folder.path, 'vfs');
  expect(await storeReference({ storePath: folder.path, runRoot, driver: 'overlay' })).toContain('[vfs@');
});

test.each([
  ['true', ':overlay.mount_program=/usr/bin/fuse-overlayfs]'],
  ['false', `+${runRoot}]`],
])('a store with the note "%s"', async (note, end) => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, 'overlay'));
  await writeFile(join(folder.path, 'overlay', '.has-mount-program'), note);
  const reference = await storeReference({ storePath: folder.path, runRoot });
  expect(reference.endsWith(end)).toBe(true);
});

test.each(['relative', '/with:colon', '/with]bracket', '/with+plus', '/with,comma'])(
  '%s is refused',
  async (path) => {
    await expect(storeReference({ storePath: path, runRoot })).rejects.toMatchObject({
      code: 'BadConfiguration',
    });
    await expect(storeReference({ storePath: '/store', runRoot: path })).rejects.toMatchObject({
      code: 'BadConfiguration',
    });
  },
);
