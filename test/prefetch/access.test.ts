import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openAccess } from '../../src/prefetch/access.ts';
import { want } from '../support/samples.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const image = 'example.com/app:1';

test('paths of a quadlet are those of its root, links followed there; its auth file goes before the given one', async () => {
  await using root = await temporaryFolder();
  await mkdir(join(root.path, 'etc/certs'), { recursive: true });
  await writeFile(join(root.path, 'etc/real.json'), '{}');
  await symlink('/etc/real.json', join(root.path, 'etc/login.json'));
  await using access = openAccess(root.path, '/given.json');
  const pull = { authFile: '/etc/login.json', certDir: '/etc/certs', arch: 'arm64' };
  expect(await access.pullOptions(want(image, pull))).toEqual({
    authFile: join(root.path, 'etc/real.json'),
    certDir: join(root.path, 'etc/certs'),
    arch: 'arm64',
  });
  expect(await access.pullOptions(want(image))).toEqual({ authFile: '/given.json' });
});

test.each([
  ['AuthFile', { authFile: '/gone.json' }],
  ['CertDir', { certDir: '/gone' }],
])('%s= that is not there is told', async (key, pull) => {
  await using root = await temporaryFolder();
  await using access = openAccess(root.path, '/given.json');
  await expect(access.pullOptions(want(image, pull))).rejects.toMatchObject({
    code: 'BadConfiguration',
    message: expect.stringContaining(`${key}=/gone`) as string,
  });
});
