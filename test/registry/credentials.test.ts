import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { credentialsOf } from '../../src/registry/credentials.ts';
import { findAuth, parseAuthFile } from '../../src/registry/parse-auth-file.ts';
import { hostRoot } from './host-root.ts';

const encode = (text: string): string => Buffer.from(text).toString('base64');
const auths = (entries: Record<string, string>): string =>
  JSON.stringify({
    auths: Object.fromEntries(Object.entries(entries).map(([key, text]) => [key, { auth: encode(text) }])),
  });

/** A program on the PATH that answers as a credential helper does. */
async function helper(name: string, script: string): Promise<string> {
  const folder = await hostRoot();
  const path = join(folder, `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\nread host\n${script}\n`);
  await chmod(path, 0o755);
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
  return folder;
}
afterEach(() => vi.unstubAllEnvs());

const files = ['run/ostree/auth.json', 'etc/ostree/auth.json', 'usr/lib/ostree/auth.json'];
const all = ['containers-auth.json'];

test('the first of the three files counts, and it alone', async () => {
  const entries = files.map((file): [string, string] => [
    file,
    auths({ [file.split('/', 1)[0] ?? '']: `${file}:p` }),
  ]);
  for (const [at, file] of files.entries()) {
    const find = credentialsOf(await hostRoot(Object.fromEntries(entries.slice(at))), all);
    expect(await find(file.split('/', 1)[0] ?? '', 'x', {})).toMatchObject({ username: file });
  }
  const first = credentialsOf(await hostRoot(Object.fromEntries(entries)), all);
  expect(await first('usr', 'x', {})).toBeUndefined();
  expect(await credentialsOf(await hostRoot({}), all)('a', 'x', {})).toBeUndefined();
});

test('AuthFile= takes their place', async () => {
  const hostPath = await hostRoot({
    'etc/ostree/auth.json': auths({ a: 'host:p' }),
    'etc/own.json': auths({ b: 'own:p' }),
  });
  const find = credentialsOf(hostPath, all);
  expect(await find('b', 'x', { authFile: '/etc/own.json' })).toEqual({ username: 'own', password: 'p' });
  expect(await find('a', 'x', { authFile: '/etc/own.json' })).toBeUndefined();
  expect(await find('a', 'x', {})).toMatchObject({ username: 'host' });
  await expect(find('a', 'x', { authFile: '/etc/none.json' })).rejects.toMatchObject({
    code: 'BadConfiguration',
  });
});

const keys: [string, string, string, string | undefined][] = [
  ['a.test', 'team/app', 'a.test/team/app a.test/team a.test', 'a.test/team/app'],
  ['a.test', 'team/app', 'a.test a.test/team', 'a.test/team'],
  ['a.test', 'team/app', 'a.test/other a.test', 'a.test'],
  ['a.test', 'team/app', 'a.test/team/application a.test/tea', undefined],
  ['a.test:5000', 'app', 'a.test', undefined],
  ['a.test', 'app', 'http://a.test/v1/', 'http://a.test/v1/'],
  ['a.test', 'app', 'https://a.test a.test', 'a.test'],
  ['docker.io', 'library/app', 'https://index.docker.io/v1/', 'https://index.docker.io/v1/'],
  ['docker.io', 'library/app', 'registry-1.docker.io', 'registry-1.docker.io'],
  ['docker.io', 'library/app', 'index.docker.io docker.io', 'docker.io'],
  ['docker.io', 'library/app', 'a.test/docker.io', undefined],
  ['a.test', 'app', '__proto__ constructor toString', undefined],
];
test.each(keys)('%s/%s among %s', (domain, path, written, expected) => {
  const entries = written.split(' ').map((key) => `${JSON.stringify(key)}:{"auth":"${encode(`${key}:p`)}"}`);
  const file = parseAuthFile(`{"auths":{${entries.join(',')}}}`, 'f');
  expect(findAuth(file, domain, path)?.username).toBe(expected?.split(':', 1)[0]);
  expect(findAuth(file, domain, path) === undefined).toBe(expected === undefined);
});

function one(entry: object) {
  return findAuth(parseAuthFile(JSON.stringify({ auths: { a: entry } }), 'f'), 'a', 'x');
}

test('what an entry holds', () => {
  expect(one({ auth: encode('user:pass:word\0\0') })).toEqual({ username: 'user', password: 'pass:word' });
  expect(one({ auth: encode('u:'), identitytoken: 't' })).toEqual({
    username: 'u',
    password: '',
    identityToken: 't',
  });
  expect(one({ identitytoken: 't' })).toMatchObject({ identityToken: 't' });
  expect(one({})).toBeUndefined();
  expect(one({ auth: encode('no colon') })).toBeUndefined();
});

test.each([
  ['{"auths": {"a": {"auth": "SECRET', 'not valid JSON'],
  ['{"auths": {"a": {"auth": "SECRET!"}}}', 'auths.a: "auth" is not base64'],
  ['{"auths": {"a": {"auth": ["SECRET"]}}}', 'auths.a.auth'],
  ['{"auths": {"a": "SECRET"}}', 'auths.a'],
  ['{"credHelpers": {"a": {}}}', 'credHelpers.a'],
  ['[]', 'f: '],
])('%s is refused without a word of it', (text, expected) => {
  const thrown = expect.objectContaining({
    code: 'BadConfiguration',
    message: expect.stringContaining(expected),
  });
  expect(() => parseAuthFile(text, 'f')).toThrow(thrown);
  expect(() => parseAuthFile(text, 'f')).not.toThrow(/SECRET/);
});

test('a helper goes before the file, for its host', async () => {
  await helper('own', 'echo "{\\"Username\\":\\"user of $host\\",\\"Secret\\":\\"s\\"}"');
  const text = JSON.stringify({
    auths: { 'a.test': { auth: encode('file:p') } },
    credHelpers: { 'a.test': 'own' },
  });
  const find = credentialsOf(await hostRoot({ 'etc/ostree/auth.json': text }), all);
  expect(await find('a.test', 'x', {})).toEqual({ username: 'user of a.test', password: 's' });
});

function withStore(store: string): string {
  return JSON.stringify({ auths: { 'a.test': { auth: encode('file:p') }, 'b.test': {} }, credsStore: store });
}

test('credsStore is asked where the file has nothing, and need not be installed', async () => {
  await helper('desk', 'echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"identity\\"}"');
  const find = credentialsOf(await hostRoot({ 'etc/ostree/auth.json': withStore('desk') }), all);
  expect(await find('a.test', 'x', {})).toMatchObject({ username: 'file' });
  expect(await find('b.test', 'x', {})).toEqual({ username: '', password: '', identityToken: 'identity' });
  const absent = credentialsOf(await hostRoot({ 'etc/ostree/auth.json': withStore('absent') }), all);
  expect(await absent('b.test', 'x', {})).toBeUndefined();
});

test('credential-helpers of registries.conf are asked in their order', async () => {
  await helper('none', 'echo "credentials not found in native keychain"; exit 1');
  const hostPath = await hostRoot({ 'etc/ostree/auth.json': auths({ a: 'file:p' }) });
  expect(await credentialsOf(hostPath, ['none', ...all])('a', 'x', {})).toMatchObject({ username: 'file' });
});

const failing: [string, string, string][] = [
  ['broken', 'echo "no luck" >&2; exit 3', 'BadConfiguration'],
  ['chatty', 'echo "not JSON with SECRET"', 'BadContent'],
  ['other', 'echo "{\\"Username\\":1}"', 'BadContent'],
];
test.each(failing)('a helper that is %s is named', async (name, script, code) => {
  await helper(name, script);
  const text = JSON.stringify({ credHelpers: { a: name } });
  const find = credentialsOf(await hostRoot({ 'etc/ostree/auth.json': text }), all);
  const failure: unknown = await find('a', 'x', {}).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code, message: expect.stringContaining(`docker-credential-${name}`) });
  expect(String(failure)).not.toContain('SECRET');
});

test.each(['../evil', '/bin/sh', '', 'a b', '-x'])('%j is no helper', async (name) => {
  const find = credentialsOf(
    await hostRoot({ 'etc/ostree/auth.json': JSON.stringify({ credHelpers: { a: name } }) }),
    all,
  );
  await expect(find('a', 'x', {})).rejects.toMatchObject({ code: 'BadConfiguration' });
});
