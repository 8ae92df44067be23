import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { openRegistry } from '../../src/registry/open-registry.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { authority } from './authority.ts';
import { blobPath, pushSample, startDockerRegistry } from './docker-registry.ts';
import { hostRoot } from './host-root.ts';
import {
  configText,
  imageText,
  layer,
  layerDescriptor,
  open,
  plain,
  platform,
  refer,
  sha256,
} from './sample.ts';
import { issuer, service, startTokenServer } from './token-server.ts';

const down = '127.0.0.1:1';
const alice = { username: 'alice', password: 'pa:ss' };

/** A data folder with the sample in it. */
async function filledData(): Promise<string> {
  const folder = await hostRoot();
  const data = join(folder, 'data');
  await mkdir(data);
  const registry = await startDockerRegistry(data);
  await pushSample(folder, registry.host, ['--dest-tls-verify=false']);
  await registry.stop();
  return data;
}

async function openHost(files: Record<string, string>): Promise<Registry> {
  const registry = await openRegistry(await hostRoot(files), { userAgent: 'test/1', pause: async () => {} });
  onTestFinished(() => registry.close());
  return registry;
}

async function expectSample(registry: Registry, host: string, pull = {}): Promise<void> {
  const manifest = await registry.resolve(refer(host), { platform, pull });
  expect(manifest.digest).toBe(sha256(imageText));
  expect((await registry.config(refer(host), manifest, { pull })).bytes.toString()).toBe(configText);
  expect((await buffer(await registry.blob(refer(host), layerDescriptor, { pull }))).equals(layer)).toBe(
    true,
  );
}

test('without a login: all kinds of reads', async () => {
  const { host } = await startDockerRegistry(await filledData());
  const { registry } = open();
  await expectSample(registry, host, plain);
  expect(await registry.resolveDigest(refer(host), { pull: plain })).toBe(sha256(imageText));
  const range = { offset: 299_990, lengthBytes: 10 };
  const part = await registry.blob(refer(host), layerDescriptor, { pull: plain, range });
  expect((await buffer(part)).equals(layer.subarray(299_990))).toBe(true);
  await expect(registry.resolve(refer(host, 'app:none'), { platform, pull: plain })).rejects.toMatchObject({
    code: 'NotFound',
    message: expect.stringContaining('MANIFEST_UNKNOWN'),
  });
});

test('htpasswd: the login of auth.json, a wrong one, and none', async () => {
  const data = await filledData();
  const { stdout } = await runProgram('htpasswd', ['-Bbn', alice.username, alice.password]);
  const path = join(data, '..', 'htpasswd');
  await writeFile(path, stdout);
  const { host } = await startDockerRegistry(data, { auth: { htpasswd: { realm: 'test', path } } });
  const auth = (login: string): string =>
    JSON.stringify({ auths: { [`${host}/app`]: { auth: Buffer.from(login).toString('base64') } } });
  const insecure = `[[registry]]\nlocation = "${host}"\ninsecure = true\n`;
  const conf = { 'etc/containers/registries.conf.d/1.conf': insecure };
  await expectSample(await openHost({ ...conf, 'run/ostree/auth.json': auth('alice:pa:ss') }), host);
  const refused = { code: 'Authentication', message: expect.stringContaining('UNAUTHORIZED') };
  const wrong = await openHost({ ...conf, 'etc/ostree/auth.json': auth('alice:SECRET') });
  await expect(wrong.resolve(refer(host), { platform })).rejects.toMatchObject(refused);
  const none = await openHost(conf);
  await expect(none.resolve(refer(host), { platform })).rejects.toMatchObject(refused);
});

test('tokens: that the registry accepts, for its repository, and anew when its keys change', async () => {
  const [first, second] = [await authority(), await authority()];
  const tokens = await startTokenServer(first, 'alice:pa:ss');
  const data = await filledData();
  const settings = (signer: string) => ({
    auth: {
      token: {
        realm: `http://${tokens.host}/token`,
        service,
        issuer,
        rootcertbundle: join(signer, 'ca.crt'),
      },
    },
  });
  const before = await startDockerRegistry(data, settings(first.folder));
  const { host } = before;
  const { registry } = open({ credentials: async () => alice });
  await expectSample(registry, host, plain);
  expect(tokens.asked).toHaveLength(1);
  const wrong = open({ credentials: async () => ({ ...alice, password: 'SECRET' }) });
  await expect(wrong.registry.resolve(refer(host), { platform, pull: plain })).rejects.toMatchObject({
    code: 'Authentication',
    message: expect.stringContaining(tokens.host),
  });
  await before.stop();
  tokens.signer = second;
  await startDockerRegistry(data, { ...settings(second.folder), port: Number(host.split(':')[1]) });
  await expectSample(registry, host, plain);
  expect(tokens.asked).toHaveLength(3);
});

test('TLS: its CA and a client certificate in certs.d, or in CertDir=', async () => {
  const tls = await authority();
  const { host } = await startDockerRegistry(await filledData(), {
    tls: {
      certificate: join(tls.folder, 'server.crt'),
      key: join(tls.folder, 'server.key'),
      clientcas: [join(tls.folder, 'ca.crt')],
    },
  });
  const folder = (path: string): Record<string, string> => ({
    [`${path}/ca.crt`]: tls.ca,
    [`${path}/me.cert`]: tls.client.certificate,
    [`${path}/me.key`]: tls.client.key,
  });
  await expectSample(await openHost(folder(`etc/containers/certs.d/${host}`)), host);
  await expectSample(await openHost(folder('etc/own')), host, { certDir: '/etc/own' });
  const untrusting = await openHost({});
  await expect(untrusting.resolve(refer(host), { platform })).rejects.toMatchObject({
    code: 'BadConfiguration',
  });
  const unknown = await openHost({ [`etc/docker/certs.d/${host}/ca.crt`]: tls.ca });
  await expect(unknown.resolve(refer(host), { platform })).rejects.toMatchObject({
    code: 'Transient',
    message: expect.stringContaining('client certificate'),
  });
});

test('two mirrors, of which one is down', async () => {
  const { host } = await startDockerRegistry(await filledData());
  const mirrors = [down, host].map((at) => `[[registry.mirror]]\nlocation = "${at}"\ninsecure = true\n`);
  const conf = `[[registry]]\nlocation = "registry.invalid"\n${mirrors.join('')}`;
  const registry = await openHost({ 'etc/containers/registries.conf': conf });
  await expectSample(registry, 'registry.invalid');
  const none = registry.resolve(refer('registry.invalid', 'none:1'), { platform });
  await expect(none).rejects.toThrow(new RegExp(`${down}.*${host}.*registry.invalid`));
});

test('its data lost or damaged under it', async () => {
  const data = await filledData();
  const { host } = await startDockerRegistry(data);
  const { registry } = open({}, { tries: 1 });
  const read = async (): Promise<Buffer> =>
    buffer(await registry.blob(refer(host), layerDescriptor, { pull: plain }));
  await writeFile(blobPath(data), Buffer.alloc(layer.length));
  await expect(read()).rejects.toMatchObject({ code: 'DigestMismatch' });
  await truncate(blobPath(data), 1000);
  await expect(read()).rejects.toMatchObject({ code: 'Transient' });
  await rm(blobPath(data));
  await expect(read()).rejects.toMatchObject({ code: 'NotFound' });
  await writeFile(blobPath(data, sha256(imageText)), imageText.replace('"a":"b"', '"a":"c"'));
  await expect(registry.resolve(refer(host), { platform, pull: plain })).rejects.toMatchObject({
    name: 'Failure',
  });
  await rm(join(data, 'docker'), { recursive: true });
  await expect(registry.resolve(refer(host), { platform, pull: plain })).rejects.toMatchObject({
    code: 'NotFound',
  });
});
