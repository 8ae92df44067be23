import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { Manifest } from '../../src/model/manifest.ts';
import type { RequestEvent } from '../../src/registry/send.ts';
import {
  answerSample,
  configText,
  describe,
  fail,
  imageText,
  imageType,
  indexText,
  indexType,
  layer,
  layerDescriptor,
  open,
  plain,
  platform,
  refer,
  sha256,
} from './sample.ts';
import { serve } from './serve.ts';

const ask = { platform, pull: plain };

test('reads an image, its config and its layer', async () => {
  const { host } = await serve(answerSample);
  const { registry } = open();
  const manifest = await registry.resolve(refer(host), ask);
  expect(manifest.digest).toBe(sha256(imageText));
  expect(manifest.bytes.toString()).toBe(imageText);
  expect(manifest.annotations).toEqual({ a: 'b' });
  expect(manifest.indexDigest).toBeUndefined();
  const config = await registry.config(refer(host), manifest, { pull: plain });
  expect(config).toMatchObject({
    labels: { version: '1' },
    diffDigests: [sha256('x')],
    architecture: 'amd64',
  });
  const [first = layerDescriptor] = manifest.layers;
  expect((await buffer(await registry.blob(refer(host), first, { pull: plain }))).equals(layer)).toBe(true);
});

test('chooses the image of an index, by tag and by digest', async () => {
  const { host, asked } = await serve(answerSample);
  const { registry } = open();
  for (const rest of ['app:all', `app@${sha256(indexText)}`]) {
    const manifest = await registry.resolve(refer(host, rest), ask);
    expect(manifest.digest).toBe(sha256(imageText));
    expect(manifest.indexDigest).toBe(sha256(indexText));
  }
  expect(asked[1]).toBe(`GET /v2/app/manifests/${sha256(imageText)}`);
  const other = { platform, pull: { ...plain, arch: 'riscv64' } };
  await expect(registry.resolve(refer(host, 'app:all'), other)).rejects.toMatchObject({
    code: 'NotFound',
    message: expect.stringContaining('no image for linux/riscv64, only for linux/s390x, linux/amd64'),
  });
});

test('resolves a digest with one HEAD, or with a GET where its header says nothing', async () => {
  const { host, asked } = await serve(answerSample);
  const { registry } = open();
  // The first of these learns that the host speaks no TLS.
  expect(await registry.resolveDigest(refer(host, 'app:all'), { pull: plain })).toBe(sha256(indexText));
  expect(asked).toEqual(['HEAD /v2/app/manifests/all']);
  const silent = await serve((request, response) => {
    response.setHeader('content-type', imageType);
    response.end(request.method === 'HEAD' ? undefined : imageText);
  });
  expect(await registry.resolveDigest(refer(silent.host), { pull: plain })).toBe(sha256(imageText));
  expect(silent.asked).toEqual(['HEAD /v2/app/manifests/1', 'GET /v2/app/manifests/1']);
  const pinned = refer('never.asked.invalid', `app@${sha256(imageText)}`);
  expect(await registry.resolveDigest(pinned)).toBe(sha256(imageText));
});

test('reads ranges, and refuses what is not the range', async () => {
  let mode = 'right';
  const { host, requests } = await serve((request, response) => {
    if (mode === 'right') answerSample(request, response);
    else if (mode === 'ignored') response.end(layer);
    else {
      response.writeHead(206, { 'content-range': mode });
      response.end(layer.subarray(0, 10));
    }
  });
  const { registry } = open();
  const read = async (): Promise<Buffer> => {
    const range = { offset: 100_000, lengthBytes: 10 };
    return buffer(await registry.blob(refer(host), layerDescriptor, { pull: plain, range }));
  };
  expect((await read()).equals(layer.subarray(100_000, 100_010))).toBe(true);
  expect(requests[0]?.headers.range).toBe('bytes=100000-100009');
  for (mode of [
    'ignored',
    'bytes 0-9/300000',
    'bytes 99999-100009/300000',
    'bytes 100000-100009/300001',
    'bytes */300000',
    'nonsense',
  ])
    await expect(read()).rejects.toMatchObject({ code: 'BadContent' });
  const none = { pull: plain, range: { offset: 7, lengthBytes: 0 } };
  expect(await buffer(await registry.blob(refer(host), layerDescriptor, none))).toHaveLength(0);
  const beyond = { pull: plain, range: { offset: layer.length, lengthBytes: 1 } };
  await expect(registry.blob(refer(host), layerDescriptor, beyond)).rejects.toMatchObject({
    code: 'BadContent',
  });
  mode = 'bytes 100000-100009/*';
  expect(await read()).toHaveLength(10);
});

const spoilt: [string, (response: ServerResponse) => void, string][] = [
  ['other bytes', (response) => response.end(Buffer.alloc(layer.length)), 'DigestMismatch'],
  ['too many', (response) => response.end(Buffer.concat([layer, layer])), 'BadContent'],
  ['too few', (response) => response.end(layer.subarray(1)), 'Transient'],
  [
    'cut off',
    (response) => {
      response.setHeader('content-length', layer.length);
      response.write(layer.subarray(0, 1000), () => response.destroy());
    },
    'Transient',
  ],
  ['standing still', (response) => response.write(layer.subarray(0, 1000)), 'TimedOut'],
];
test.each(spoilt)('a blob with %s ends in a failure', async (_, spoil, code) => {
  const { host } = await serve((_request, response) => spoil(response));
  // undici counts time limits below a second in whole ticks of about that.
  const { registry } = open({}, { bodyIdleMs: 300 });
  const stream = await registry.blob(refer(host), layerDescriptor, { pull: plain });
  await expect(buffer(stream)).rejects.toMatchObject({ name: 'Failure', code });
});

const manifests: [string, string, Record<string, string>, string][] = [
  ['a wrong digest said', imageText, { 'docker-content-digest': sha256('other') }, 'DigestMismatch'],
  ['a web page', '<html>', { 'content-type': 'text/html' }, 'BadContent'],
  ['more than its limit', `"${'x'.repeat(5000)}"`, { 'content-type': imageType }, 'BadContent'],
  ['schema 1', '{"schemaVersion":1}', {}, 'BadContent'],
];
test.each(manifests)('a manifest with %s is refused', async (_, text, headers, code) => {
  const { host } = await serve((_request, response) => response.writeHead(200, headers).end(text));
  const { registry } = open({}, { manifestBytes: 4000 });
  await expect(registry.resolve(refer(host), ask)).rejects.toMatchObject({ code });
});

test('a manifest that does not have the digest asked for is refused', async () => {
  const { host } = await serve((_request, response) =>
    response.setHeader('content-type', imageType).end(imageText),
  );
  const { registry } = open();
  await expect(registry.resolve(refer(host, `app@${sha256('other')}`), ask)).rejects.toMatchObject({
    code: 'DigestMismatch',
  });
});

test('an index that leads to an index is refused', async () => {
  const inner = indexText;
  const outer = JSON.stringify({
    schemaVersion: 2,
    manifests: [{ mediaType: indexType, digest: sha256(inner), size: inner.length, platform }],
  });
  const { host } = await serve((request, response) => {
    response.setHeader('content-type', indexType);
    response.end(request.url?.endsWith('/1') ? outer : inner);
  });
  const { registry } = open();
  await expect(registry.resolve(refer(host), ask)).rejects.toMatchObject({ code: 'BadContent' });
});

test('a config beyond the limit is not even asked for', async () => {
  const { host, asked } = await serve(answerSample);
  const { registry } = open({}, { configBytes: 10 });
  const manifest = { config: describe('x', configText) } as unknown as Manifest;
  await expect(registry.config(refer(host), manifest, { pull: plain })).rejects.toMatchObject({
    code: 'BadContent',
  });
  expect(asked).toEqual([]);
});

const statuses: [number, string, number][] = [
  [401, 'Authentication', 1],
  [403, 'Authentication', 1],
  [404, 'NotFound', 1],
  [400, 'BadContent', 1],
  [429, 'Transient', 3],
  [500, 'Transient', 3],
  [503, 'Transient', 3],
];
test.each(statuses)('HTTP %i is %s, asked %i times', async (status, code, times) => {
  const { host, asked } = await serve((_request, response) => fail(response, status, 'TOOMANYREQUESTS'));
  const { registry } = open({}, { tries: 3 });
  const failure: unknown = await registry.resolve(refer(host), ask).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code, message: expect.stringContaining(`HTTP ${status} TOOMANYREQUESTS`) });
  expect(String(failure)).toContain(`${host}/app`);
  expect(String(failure)).not.toContain('SECRET');
  expect(asked.filter((line) => line.includes('manifests'))).toHaveLength(times);
});

test('waits as long as the server asks, and not beyond the limit', async () => {
  let left = 2;
  const { host } = await serve((request, response) => {
    if (left-- > 0) fail(response, 429, 'TOOMANYREQUESTS', { 'retry-after': '7' });
    else answerSample(request, response);
  });
  const { registry, delays } = open();
  await registry.resolve(refer(host), ask);
  expect(delays).toEqual([7000, 7000]);
  left = 1;
  const hasty = open({}, { maxRetryAfterMs: 5000 });
  await expect(hasty.registry.resolve(refer(host), ask)).rejects.toMatchObject({ retryAfterMs: 7000 });
  expect(hasty.delays).toEqual([]);
});

test('the quadlet says how often to retry', async () => {
  const { host, asked } = await serve((_request, response) => fail(response, 500));
  const { registry, delays } = open();
  const pull = { ...plain, retry: 1, retryDelayMs: 40 };
  await expect(registry.resolve(refer(host), { platform, pull })).rejects.toMatchObject({
    code: 'Transient',
  });
  expect(asked).toHaveLength(2);
  expect(delays).toEqual([20]);
});

test('a connection that is reset is tried again', async () => {
  let resets = 2;
  const { host } = await serve((request, response) => {
    if (resets-- > 0) request.socket.destroy();
    else answerSample(request, response);
  });
  const { registry } = open();
  await expect(registry.resolve(refer(host), ask)).resolves.toMatchObject({ digest: sha256(imageText) });
});

test('a server that never answers is given up', async () => {
  const { host } = await serve(() => {});
  const { registry } = open({}, { headersMs: 300, tries: 1 });
  await expect(registry.resolve(refer(host), ask)).rejects.toMatchObject({ code: 'TimedOut' });
});

test('headers beyond the limit are refused', async () => {
  const { host } = await serve((_request, response) => response.setHeader('x', 'y'.repeat(9000)).end());
  const { registry } = open({}, { headerBytes: 4096 });
  await expect(registry.resolve(refer(host), ask)).rejects.toMatchObject({
    code: 'BadContent',
    message: expect.stringContaining('headers'),
  });
});

test('is cancelled before, while waiting for headers, and in a body', async () => {
  const stop = new AbortController();
  const { host } = await serve((request, response) => {
    if (request.url?.includes('blobs')) response.write(layer.subarray(0, 1000));
    else stop.abort();
  });
  const { registry } = open();
  const waiting = registry.resolve(refer(host), { ...ask, signal: stop.signal });
  await expect(waiting).rejects.toMatchObject({ code: 'Cancelled' });
  await expect(registry.resolve(refer(host), { ...ask, signal: stop.signal })).rejects.toMatchObject({
    code: 'Cancelled',
  });
  const later = new AbortController();
  const stream = await registry.blob(refer(host), layerDescriptor, { pull: plain, signal: later.signal });
  stream.once('data', () => later.abort());
  await expect(buffer(stream)).rejects.toMatchObject({ code: 'Cancelled' });
});

test('a host that cannot be reached is told with its name', async () => {
  const { registry } = open({}, { tries: 1 });
  await expect(registry.resolve(refer('127.0.0.1:1'), ask)).rejects.toMatchObject({
    code: 'Transient',
    message: expect.stringContaining('127.0.0.1:1'),
  });
});

test('tells of each request and its bytes', async () => {
  const { host } = await serve(answerSample);
  const events: RequestEvent[] = [];
  const { registry } = open({ onRequest: (event) => events.push(event) });
  await registry.resolve(refer(host), ask);
  await buffer(await registry.blob(refer(host), layerDescriptor, { pull: plain }));
  // The first, over TLS, found no one who speaks it.
  expect(events.map(({ status, bodyBytes }) => [status, bodyBytes])).toEqual([
    [undefined, 0],
    [200, imageText.length],
    [200, layer.length],
  ]);
  expect(events[1]).toMatchObject({ method: 'GET', origin: `http://${host}`, path: '/v2/app/manifests/1' });
});

test('a blob that is not read after all gives its connection back, and is told once', async () => {
  const { host, requests } = await serve(answerSample);
  const events: RequestEvent[] = [];
  const { registry } = open({ onRequest: (event) => events.push(event) });
  await registry.resolve(refer(host), ask);
  for (const pieces of [0, 1]) {
    const stream = await registry.blob(refer(host), layerDescriptor, { pull: plain });
    if (pieces > 0) await once(stream, 'data');
    const closed = new Promise((resolve) => requests.at(-1)?.socket.once('close', resolve));
    stream.destroy();
    await closed;
  }
  await registry.close();
  expect(events.map(({ path }) => path.includes('blobs'))).toEqual([false, false, true, true]);
});
