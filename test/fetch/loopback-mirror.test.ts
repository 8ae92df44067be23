import * as fc from 'fast-check';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { startLoopbackMirror } from '../../src/fetch/loopback-mirror.ts';
import { mirrorConf, mirroredPull, mirrorRegistriesD } from '../../src/fetch/mirror-conf.ts';
import { writeMirrorHome } from '../../src/fetch/mirror-home.ts';
import type { MirrorHooks, MirrorImage, MirrorParts } from '../../src/fetch/mirror-image.ts';
import { parseRanges } from '../../src/fetch/mirror-range.ts';
import { mergeRegistriesD } from '../../src/fetch/mirror-signatures.ts';
import { Failure, type FailureCode } from '../../src/model/failure.ts';
import { parseRegistriesConf } from '../../src/registry/parse-registries-conf.ts';
import { digestOf, manifest, want } from '../support/samples.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const layerText = 'abcdefghijklmnopqrstuvwxyz';
const planned: MirrorImage = {
  reference: want('registry.test/team/app:1').reference,
  manifest: { ...manifest('app', { layer: layerText.length }), indexDigest: digestOf('index') },
  signatures: {
    lookasides: [new URL('https://a.test/team/app'), new URL('https://b.test/x')],
    attachments: true,
  },
};
const layer = digestOf('layer');
const attached = `${planned.manifest.digest.replace(':', '-')}.sig`;

/** A mirror of `planned`, and how to ask it: `ask('manifests/1')`. */
async function open(given: Partial<MirrorParts> = {}, hooks: MirrorHooks = {}, image = planned) {
  const asked: string[] = [];
  const mirror = await startLoopbackMirror({
    cached: async (digest, { from, to }) =>
      digest === layer ? Readable.from([Buffer.from(layerText.slice(from, to))]) : undefined,
    blob: async (_, { digest }) => {
      asked.push(digest);
      return Readable.from([Buffer.from('{"config":1}'.slice(0, 10))]);
    },
    manifest: async ({ tag, digest = digestOf('attached') }) => {
      asked.push(tag ?? digest);
      return { digest, mediaType: 'text/index', bytes: Buffer.from('index'), layers: [] };
    },
    signature: async (url) => {
      asked.push(url.href);
      return url.host === 'b.test' ? Buffer.from('signed') : undefined;
    },
    ...given,
  });
  onTestFinished(() => mirror[Symbol.asyncDispose]());
  const served = mirror.serve(image, hooks);
  const [address = '', key = ''] = served.location.split('/');
  const url = (rest: string): string => `http://${address}/v2/${key}/${rest}`;
  const ask = (rest: string, init: RequestInit = {}): Promise<Response> => fetch(url(rest), init);
  return { mirror, served, address, port: Number(address.split(':')[1]), key, ask, asked };
}

test('the planned manifest is there by its tag and digests; what it lacks is asked for upstream', async () => {
  const { ask, asked, address } = await open();
  expect((await fetch(`http://${address}/v2/`)).status).toBe(200);
  const own = await ask(`manifests/${planned.manifest.digest}`);
  expect(own.headers.get('docker-content-digest')).toBe(planned.manifest.digest);
  expect(own.headers.get('content-type')).toBe(planned.manifest.mediaType);
  expect(asked).toEqual([]);
  // A tag is the index that was planned.
  expect((await ask('manifests/1')).headers.get('docker-content-digest')).toBe(digestOf('index'));
  expect((await ask(`manifests/${attached}`)).status).toBe(200);
  expect(asked).toEqual([digestOf('index'), attached]);
  for (const other of ['2', 'latest', digestOf('other'), attached.replace(/.\.sig$/, 'x.sig')])
    expect([other, (await ask(`manifests/${other}`)).status]).toEqual([other, 404]);
  expect(asked).toHaveLength(2);
});

test('blobs come from the cache, else from upstream, and others not at all', async () => {
  const { ask, asked } = await open();
  const whole = await ask(`blobs/${layer}`);
  expect([whole.status, await whole.text()]).toEqual([200, layerText]);
  const config = await ask(`blobs/${planned.manifest.config.digest}`);
  expect([config.status, await config.text()]).toEqual([200, '{"config":']);
  expect((await ask(`blobs/${digestOf('other')}`)).status).toBe(404);
  expect(asked).toEqual([planned.manifest.config.digest]);
  const head = await ask(`blobs/${layer}`, { method: 'HEAD' });
  expect(head.headers.get('content-length')).toBe('26');
});

test.each([
  ['bytes=3-5', 206, 'def'],
  ['bytes=20-', 206, 'uvwxyz'],
  ['bytes=-2', 206, 'yz'],
  ['bytes=24-99', 206, 'yz'],
  ['bytes=26-', 416, ''],
  ['bytes=5-3', 200, layerText],
  ['lines=1-2', 200, layerText],
])('range %s', async (range, status, expected) => {
  const { ask } = await open();
  const response = await ask(`blobs/${layer}`, { headers: { range } });
  expect([response.status, await response.text()]).toEqual([status, expected]);
});

test('several ranges come as parts of one body, of the length that its head says', async () => {
  const { ask } = await open();
  const response = await ask(`blobs/${layer}`, { headers: { range: 'bytes=0-1, 4-4,25-' } });
  expect(response.status).toBe(206);
  const [, boundary] =
    /^multipart\/byteranges; boundary=(\w+)$/.exec(response.headers.get('content-type') ?? '') ?? [];
  const body = await response.text();
  expect(response.headers.get('content-length')).toBe(`${body.length}`);
  const parts = body.split(`\r\n--${boundary}`).slice(1);
  expect(parts.map((part) => part.split('\r\n\r\n')[1] ?? part)).toEqual(['ab', 'e', 'z', '--\r\n']);
  expect(parts[1]).toContain('\r\nContent-Range: bytes 4-4/26\r\n');
  expect(parseRanges(`bytes=${'0-0,'.repeat(3_000)}1-1`, 26)).toBeUndefined();
});

test('signatures come from the first lookaside storage that has one', async () => {
  const { served, key, asked } = await open();
  const at = (rest: string): Promise<Response> => fetch(`${served.lookaside}/${key}@${rest}`);
  const hex = digestOf('index').replace(':', '=');
  expect(await (await at(`${hex}/signature-1`)).text()).toBe('signed');
  expect(asked).toEqual([
    `https://a.test/team/app@${hex}/signature-1`,
    `https://b.test/x@${hex}/signature-1`,
  ]);
  for (const bad of [`${hex}/signature-0`, `${hex}/signature-1/..`, 'sha256=../signature-1'])
    expect([bad, (await at(bad)).status]).toEqual([bad, 404]);
});

test('onAllowed is called once, at the first blob of the image, and blobs wait for it', async () => {
  const calls: string[] = [];
  const gate = Promise.withResolvers<void>();
  const { ask } = await open({}, { onAllowed: () => (calls.push('allowed'), gate.promise) });
  for (const path of ['manifests/1', `manifests/${attached}`]) await (await ask(path)).text();
  expect(calls).toEqual([]);
  const both = Promise.all([ask(`blobs/${layer}`), ask(`blobs/${layer}`)]);
  const waits = new Promise((resolve) => setImmediate(resolve, 'waits'));
  expect(await Promise.race([both, waits])).toBe('waits');
  gate.resolve();
  for (const response of await both) expect(response.status).toBe(200);
  expect(calls).toEqual(['allowed']);
});

test("blobs of an attached signature do not count as the image's own, and its own cannot pass for them", async () => {
  const calls: string[] = [];
  const descriptor = { mediaType: 'x', digest: digestOf('payload'), sizeBytes: 10, annotations: {} };
  const failures: Failure[] = [];
  let layers = [descriptor];
  const { ask } = await open(
    {
      manifest: async () => ({ digest: digestOf('sig'), mediaType: 'x', bytes: Buffer.from('sig'), layers }),
    },
    { onAllowed: () => void calls.push('allowed'), onFailure: (failure) => void failures.push(failure) },
  );
  expect((await ask(`blobs/${descriptor.digest}`)).status).toBe(404);
  await (await ask(`manifests/${attached}`)).text();
  expect(await (await ask(`blobs/${descriptor.digest}`)).text()).toBe('{"config":');
  layers = [{ ...descriptor, digest: layer }];
  expect((await ask(`manifests/${attached}`)).status).toBe(503);
  expect(failures.map(({ code }) => code)).toContain('BadContent');
  expect(calls).toEqual([]);
});

test.each<[FailureCode, number]>([
  ['NotFound', 404],
  ['Authentication', 403],
  ['Transient', 503],
  ['Postponed', 503],
])('%s upstream is told as %i, and why', async (code, status) => {
  const failures: FailureCode[] = [];
  const { ask } = await open(
    { cached: () => Promise.reject(new Failure(code, 'the reason')) },
    { onFailure: (failure) => void failures.push(failure.code) },
  );
  const response = await ask(`blobs/${layer}`);
  expect(response.status).toBe(status);
  expect(await response.text()).not.toContain('the reason');
  expect(failures).toEqual([code]);
});

test.each([
  ['breaks off', ['abc'], true],
  ['is too short', ['abc'], false],
  ['is too long', [layerText, 'more'], false],
])('a body that %s is never taken for whole', async (_, pieces, breaks) => {
  const failures: Failure[] = [];
  const body = async function* (): AsyncGenerator<Buffer> {
    for (const piece of pieces) yield Buffer.from(piece);
    if (breaks) throw new Failure('Transient', 'broke off');
  };
  const { ask } = await open(
    { cached: async () => Readable.from(body(), { objectMode: false }) },
    { onFailure: (failure) => void failures.push(failure) },
  );
  await expect(ask(`blobs/${layer}`).then((response) => response.text())).rejects.toThrow(
    /terminated|fetch failed/,
  );
  expect(failures).toHaveLength(1);
});

test('without the key, and after its run, an image is as if it were not there', async () => {
  const { address, key, served, ask, asked } = await open();
  const other = key.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
  const nothing = await fetch(`http://${address}/v2/nothing`);
  const body = await nothing.text();
  for (const path of [
    `/v2/${other}/manifests/1`,
    `/v2/${other}/blobs/${layer}`,
    `/v2/${key}/tags/list`,
    '/',
    '//v2/',
  ]) {
    const response = await fetch(`http://${address}${path}`);
    expect([path, response.status, await response.text()]).toEqual([path, 404, body]);
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
    expect([method, (await ask('manifests/1', { method })).status]).toEqual([method, 404]);
  served[Symbol.dispose]();
  expect((await ask(`manifests/${planned.manifest.digest}`)).status).toBe(404);
  expect(asked).toEqual([]);
});

test('whatever is sent to it, it goes on', async () => {
  const { key, ask, port } = await open();
  const word = fc.oneof(
    fc.constantFrom(
      'GET',
      'HEAD',
      'CONNECT',
      'POST',
      '/v2/',
      `/v2/${key}/blobs/${layer}`,
      'HTTP/1.1',
      '\r\n',
      ' ',
    ),
    fc.constantFrom(
      'range: bytes=1-2,4-',
      'upgrade: x\r\nconnection: upgrade',
      'expect: 100-continue',
      'host: x',
    ),
    fc.constantFrom(
      'content-length: 99999',
      'transfer-encoding: chunked',
      '\r\n\r\n',
      '\u0016\u0003\u0001',
      '%00',
      '\0',
    ),
    fc.string({ maxLength: 30 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 12 }), fc.boolean(), async (words, joined) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.end(words.join(joined ? ' ' : '\r\n'));
      socket.resume();
      await once(socket, 'close');
    }),
    { numRuns: 300 },
  );
  const large = connect(port, '127.0.0.1');
  large.on('error', () => {});
  large.write(`GET /v2/ HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(100_000)}\r\n\r\n`);
  expect(await text(large).catch(() => '')).toBe('');
  expect((await ask(`blobs/${layer}`)).status).toBe(200);
});

test('registries.conf and registries.d lead to the mirror alone', async () => {
  const { served } = await open();
  const conf = parseRegistriesConf(mirrorConf(planned, served), 'conf');
  expect(conf.registries).toEqual([
    {
      prefix: 'registry.test/team/app',
      location: served.location,
      insecure: true,
      blocked: false,
      mirrors: [],
    },
  ]);
  const merged = mergeRegistriesD(new Map([['f', JSON.parse(mirrorRegistriesD(planned, served))]]));
  expect(merged.get(served.location)).toEqual({ lookaside: served.lookaside, attachments: true });
  const secrets = { creds: 'u:p', authFile: '/a', certDir: '/c', tlsVerify: true, retry: 3, arch: 'arm64' };
  expect(mirroredPull(secrets)).toEqual({ arch: 'arm64' });
});

test("the home of a run has what leads to the mirror, and of the user's own settings all else", async () => {
  await using folder = await temporaryFolder();
  const { served } = await open();
  const users = join(folder.path, 'user');
  for (const name of ['policy.json', 'storage.conf', 'registries.conf']) {
    await mkdir(users, { recursive: true });
    await writeFile(join(users, name), `the user's ${name}`);
  }
  const env = await writeMirrorHome(join(folder.path, 'home'), planned, served, users);
  const containers = join(env['HOME'] ?? '', '.config/containers');
  expect(env['XDG_CONFIG_HOME']).toBe(join(containers, '..'));
  expect((await readdir(containers, { recursive: true })).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
    'policy.json',
    'registries.conf.d',
    'registries.conf.d/bound-images.conf',
    'registries.d',
    'registries.d/bound-images.yaml',
    'storage.conf',
  ]);
  expect(await readFile(join(containers, 'policy.json'), 'utf8')).toBe("the user's policy.json");
  const conf = await readFile(join(containers, 'registries.conf.d/bound-images.conf'), 'utf8');
  expect(conf).toBe(mirrorConf(planned, served));
});
