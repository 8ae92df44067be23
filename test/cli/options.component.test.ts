import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeCertificates } from '../support/certificates.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { makeImage, makeLayer } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { authFileText, type Login, writeHostAuthFile } from './logins.ts';
import { makeScene } from './scene.ts';

const login: Login = { user: 'alice', password: 'open-sesame-42' };

async function smallImage(name: string, architecture?: string) {
  return makeImage([await makeLayer({ name })], architecture === undefined ? {} : { architecture });
}

test('Arch= takes that architecture out of an index', async () => {
  await using scene = await makeScene();
  await using registry = await startRegistry();
  const reference = `${registry.address}/app:1`;
  await pushImage([await smallImage('here'), await smallImage('there', 'riscv64')], reference);
  await scene.bindImage('app', reference, 'TLSVerify=false', 'Arch=riscv64');
  expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
  const { stdout } = await scene.store.podman('image', 'inspect', '--format={{.Architecture}}', reference);
  expect(stdout.trim()).toBe('riscv64');
});

test('CertDir= is a folder of the root, and is what makes the registry known', async () => {
  await using folder = await temporaryFolder();
  await using scene = await makeScene();
  const { caPath, server } = await makeCertificates(folder.path);
  await using registry = await startRegistry({ tls: server });
  const reference = `${registry.address}/app:1`;
  await pushImage(await smallImage('app'), reference);
  await scene.bindImage('app', reference);
  const refused = await scene.run('prefetch');
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain(`/etc/containers/certs.d/${registry.address}/ca.crt`);

  await mkdir(join(scene.rootPath, 'etc/certificates'), { recursive: true });
  await copyFile(caPath, join(scene.rootPath, 'etc/certificates/ca.crt'));
  await scene.bindImage('app', reference, 'CertDir=/etc/certificates');
  expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
});

test('Policy=: newer and always follow a tag that moved, never pulls nothing', async () => {
  await using scene = await makeScene();
  await using registry = await startRegistry();
  const tags = ['newer', 'always', 'missing'];
  const reference = (tag: string): string => `${registry.address}/app:${tag}`;
  for (const tag of tags) {
    await pushImage(await smallImage(`old ${tag}`), reference(tag));
    await scene.bindImage(tag, reference(tag), 'TLSVerify=false', `Policy=${tag}`);
  }
  expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
  const before = await scene.storedNames();
  for (const tag of tags) await pushImage(await smallImage(`new ${tag}`), reference(tag));
  await scene.bindImage('never', reference('never'), 'TLSVerify=false', 'Policy=never');
  const { exitCode, stdout, stderr } = await scene.run('prefetch');
  expect(stdout).toContain('2 pulled, 1 already present, 1 failed');
  expect(stderr).toContain('Policy=never');
  expect(exitCode).toBe(1);
  const idOf = (names: typeof before, tag: string): string | undefined =>
    Object.keys(names).find((id) => names[id]?.includes(reference(tag)));
  const after = await scene.storedNames();
  expect(tags.filter((tag) => idOf(before, tag) !== idOf(after, tag))).toEqual(['newer', 'always']);
});

test.each([
  ['Creds=', async () => `Creds=${login.user}:${login.password}`],
  [
    'AuthFile=, a path in the root',
    async (address: string, rootPath: string) => {
      await mkdir(join(rootPath, 'etc'));
      await writeFile(join(rootPath, 'etc/login.json'), authFileText(address, login));
      return 'AuthFile=/etc/login.json';
    },
  ],
])('%s logs in, and no program has the password in its arguments', async (_, prepare) => {
  await using folder = await temporaryFolder();
  await using scene = await makeScene();
  await using registry = await startRegistry({ login });
  const reference = `${registry.address}/app:1`;
  await pushImage(await smallImage('app'), reference, { login });
  await scene.bindImage('app', reference, 'TLSVerify=false', await prepare(registry.address, scene.rootPath));
  const argvPath = join(folder.path, 'argv');
  const skopeo = `#!/bin/sh\ncat /proc/[0-9]*/cmdline >>${argvPath}\nexec /usr/bin/skopeo "$@"\n`;
  await writeFile(join(folder.path, 'skopeo'), skopeo);
  await chmod(join(folder.path, 'skopeo'), 0o755);
  const env = { PATH: `${folder.path}:${process.env['PATH']}` };
  const { exitCode, stdout, stderr } = await scene.run('prefetch', [], { env });
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining('present')]);
  expect(stdout + stderr).not.toContain(login.password);
  const seen = await readFile(argvPath, 'utf8');
  expect(seen).toContain(`docker://${reference}`);
  expect(seen).not.toContain(login.password);
});

test('without a login of a quadlet: --authfile, else that of bootc', async () => {
  await using folder = await temporaryFolder();
  await using scene = await makeScene();
  await using registry = await startRegistry({ login });
  const references = ['one', 'two'].map((name) => `${registry.address}/${name}:1`);
  for (const reference of references) await pushImage(await smallImage(reference), reference, { login });
  const [one = '', two = ''] = references;

  await scene.bindImage('one', one, 'TLSVerify=false');
  const refused = await scene.run('prefetch');
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(/one:1: .*no credential is configured.*\/etc\/ostree\/auth\.json/);
  await writeFile(join(folder.path, 'auth.json'), authFileText(registry.address, login));
  const inFolder = { workingFolder: folder.path };
  expect(await scene.run('prefetch', ['--authfile', 'auth.json'], inFolder)).toMatchObject({ exitCode: 0 });

  await scene.bindImage('two', two, 'TLSVerify=false');
  await using _ = await writeHostAuthFile('/etc/ostree/auth.json', registry.address, login);
  expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
});

test('the logins of the user who runs it are never sent', async () => {
  await using scene = await makeScene();
  await using registry = await startRegistry();
  // Asks for a login, and serves without one too.
  const answer = { kind: 'answer', status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } } as const;
  await using proxy = await startFaultProxy(registry.url, {
    faultOf: ({ path }) => (path === '/v2/' ? answer : undefined),
  });
  await pushImage(await smallImage('app'), `${registry.address}/app:1`);
  await scene.bindImage('app', `${proxy.address}/app:1`, 'TLSVerify=false');
  await using _ = await writeHostAuthFile('/run/containers/0/auth.json', proxy.address, login);
  expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
  const paths = proxy.requests().map(({ path }) => path);
  expect(paths.some((path) => path.includes('/blobs/'))).toBe(true);
  const sent = new Set(proxy.requests().map(({ headers }) => headers.authorization));
  expect(sent).toEqual(new Set([undefined]));
});
