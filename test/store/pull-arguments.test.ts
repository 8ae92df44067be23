import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pullArguments } from '../../src/store/pull-arguments.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('each option that is given, and no other', async () => {
  await using folder = await temporaryFolder();
  const authFile = join(folder.path, 'login.json');
  await writeFile(authFile, '{}');
  const empty = join(folder.path, 'auth.json');
  expect(await pullArguments({}, 'registry.test', folder.path)).toEqual({
    global: [],
    copy: [`--src-authfile=${empty}`],
  });
  expect(await readFile(empty, 'utf8')).toBe('{}');
  const pull = {
    arch: 'arm64',
    os: 'linux',
    variant: 'v8',
    authFile,
    certDir: '/c',
    tlsVerify: false,
    retry: 0,
    retryDelayMs: 1500,
  };
  expect(await pullArguments({ ...pull, decryptionKey: '/key.pem' }, 'registry.test', folder.path)).toEqual({
    global: ['--override-arch=arm64', '--override-os=linux', '--override-variant=v8'],
    copy: [
      `--src-authfile=${authFile}`,
      '--src-cert-dir=/c',
      '--src-tls-verify=false',
      '--decryption-key=/key.pem',
      '--retry-times=0',
      '--retry-delay=1500ms',
    ],
  });
});

test('without a login no other is used', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'auth.json');
  expect(await pullArguments({}, 'registry.test', folder.path)).toEqual({
    global: [],
    copy: [`--src-authfile=${path}`],
  });
  expect(await readFile(path, 'utf8')).toBe('{}');
});

test.each([
  ['user:pass:word', 'user:pass:word'],
  ['user', 'user:'],
])('the login "%s" is in a file for its registry alone', async (creds, login) => {
  await using folder = await temporaryFolder();
  const { copy } = await pullArguments({ creds, authFile: '/not/there' }, 'registry.test:5000', folder.path);
  const path = join(folder.path, 'auth.json');
  expect(copy).toEqual([`--src-authfile=${path}`]);
  const auth = Buffer.from(login).toString('base64');
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ auths: { 'registry.test:5000': { auth } } });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test.each([
  ['hunter:2', 'hunter:2'],
  ['pass=hunter', 'hunter'],
  ['0x6869', 'hi'],
  ['0xyz', '0xyz'],
])('the passphrase "%s" is in a file, without a line end', async (passphrase, content) => {
  await using folder = await temporaryFolder();
  const { copy } = await pullArguments(
    { authFile: '/dev/null', decryptionKey: `/key.pem:${passphrase}` },
    'registry.test',
    folder.path,
  );
  const path = join(folder.path, 'passphrase');
  expect(copy).toEqual(['--src-authfile=/dev/null', `--decryption-key=/key.pem:file=${path}`]);
  expect(await readFile(path, 'utf8')).toBe(content);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a passphrase that is in a file already stays there', async () => {
  await using folder = await temporaryFolder();
  const { copy } = await pullArguments(
    { authFile: '/dev/null', decryptionKey: '/key.pem:file=/p' },
    'registry.test',
    folder.path,
  );
  expect(copy).toEqual(['--src-authfile=/dev/null', '--decryption-key=/key.pem:file=/p']);
});

test.each([
  [{ decryptionKey: '/key.pem:fd=3' }, 'BadConfiguration'],
  [{ authFile: '/not/there' }, 'Authentication'],
])('%o is refused', async (pull, code) => {
  await using folder = await temporaryFolder();
  await expect(pullArguments(pull, 'registry.test', folder.path)).rejects.toMatchObject({ code });
});
