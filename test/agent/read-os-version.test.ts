import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readOsVersion } from '../../src/agent/read-os-version.ts';
import { diskTree } from '../../src/definitions/disk-tree.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('a link to the os-release is followed inside the root alone', async () => {
  await using host = await temporaryFolder();
  const rootPath = join(host.path, 'root');
  const folder = join(rootPath, 'usr/lib');
  await mkdir(join(folder, 'os-release.d'), { recursive: true });
  expect(await readOsVersion(diskTree(rootPath))).toBe(undefined);
  await symlink('/usr/lib/os-release.d/edition', join(folder, 'os-release'));
  expect(await readOsVersion(diskTree(rootPath))).toBe(undefined);
  await writeFile(join(folder, 'os-release.d/edition'), 'VERSION_ID=42\n');
  expect(await readOsVersion(diskTree(rootPath))).toBe('42');

  const other = join(host.path, 'other');
  await mkdir(join(other, 'usr/lib'), { recursive: true });
  await symlink('../../../root/usr/lib/os-release.d/edition', join(other, 'usr/lib/os-release'));
  expect(await readOsVersion(diskTree(other))).toBe(undefined);
});
