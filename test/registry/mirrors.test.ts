import type { RequestListener } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { parseRegistriesConf, type RegistriesConf } from '../../src/registry/parse-registries-conf.ts';
import {
  answerSample,
  fail,
  imageText,
  layer,
  layerDescriptor,
  open,
  platform,
  refer,
  sha256,
} from './sample.ts';
import { serve } from './serve.ts';

const image = refer('registry.test');

/** registry.test is at the last of these hosts, and the others are its mirrors. */
function conf(...hosts: string[]): RegistriesConf {
  const mirrors = hosts
    .slice(0, -1)
    .map((host) => `[[registry.mirror]]\nlocation = "${host}"\ninsecure = true\n`);
  const table = `[[registry]]\nprefix = "registry.test"\nlocation = "${hosts.at(-1)}"\ninsecure = true\n`;
  return parseRegistriesConf(table + mirrors.join(''), 'f');
}

const down = '127.0.0.1:1';
const broken: RequestListener = (_request, response) => fail(response, 500);
const empty: RequestListener = (_request, response) => fail(response, 404);

test('takes the first mirror that has the image, and nothing from behind it', async () => {
  const [gone, good, primary] = [await serve(empty), await serve(answerSample), await serve(answerSample)];
  const { registry, delays } = open({ config: conf(down, gone.host, good.host, primary.host) });
  expect((await registry.resolve(image, { platform })).digest).toBe(sha256(imageText));
  expect(gone.asked).toHaveLength(1);
  expect(primary.asked).toEqual([]);
  expect(delays).toEqual([]);
});

test('a mirror with damaged manifests is passed over', async () => {
  const damaged = await serve((_request, response) =>
    response.setHeader('docker-content-digest', sha256('other')).end(imageText),
  );
  const primary = await serve(answerSample);
  const { registry } = open({ config: conf(damaged.host, primary.host) });
  expect((await registry.resolve(image, { platform })).digest).toBe(sha256(imageText));
});

test('what served the manifest is asked first for the rest', async () => {
  const [gone, primary] = [await serve(empty), await serve(answerSample)];
  const { registry } = open({ config: conf(gone.host, primary.host) });
  const manifest = await registry.resolve(image, { platform });
  await registry.config(image, manifest);
  expect(gone.asked).toHaveLength(1);
});

test('a blob that one mirror has lost comes from the next', async () => {
  const mirror = await serve((request, response) => {
    (request.url?.includes('/blobs/') ? empty : answerSample)(request, response);
  });
  const primary = await serve(answerSample);
  const { registry } = open({ config: conf(mirror.host, primary.host) });
  await registry.resolve(image, { platform });
  expect((await buffer(await registry.blob(image, layerDescriptor))).equals(layer)).toBe(true);
  expect(primary.asked).toHaveLength(1);
});

test('all that failed is named, and only what may pass is tried again', async () => {
  const [gone, busy, primary] = [await serve(empty), await serve(broken), await serve(empty)];
  const { registry, delays } = open({ config: conf(gone.host, busy.host, primary.host) }, { tries: 3 });
  const failure: unknown = await registry.resolve(image, { platform }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'Transient' });
  for (const { host } of [gone, busy, primary]) expect(String(failure)).toContain(host);
  expect([gone.asked, busy.asked, primary.asked].map(({ length }) => length)).toEqual([1, 3, 1]);
  expect(delays).toHaveLength(2);
});

test('the code is that of the primary where nothing can pass', async () => {
  const [gone, primary] = [await serve(empty), await serve((_request, response) => fail(response, 403))];
  const { registry } = open({ config: conf(gone.host, primary.host) });
  await expect(registry.resolve(image, { platform })).rejects.toMatchObject({ code: 'Authentication' });
});

test('a mirror that comes back is used', async () => {
  let left = 1;
  const mirror = await serve((request, response) => {
    if (left-- > 0) broken(request, response);
    else answerSample(request, response);
  });
  const primary = await serve(broken);
  const { registry } = open({ config: conf(mirror.host, primary.host) });
  expect((await registry.resolve(image, { platform })).digest).toBe(sha256(imageText));
});

test('a config that breaks off or is damaged is read again, and from the next', async () => {
  const broken = await serve((request, response) => {
    if (!request.url?.includes('/blobs/')) answerSample(request, response);
    else response.end('damaged');
  });
  let breaks = 1;
  const primary = await serve((request, response) => {
    if (breaks-- > 0) response.writeHead(200, { 'content-length': 9 }).write('x', () => response.destroy());
    else answerSample(request, response);
  });
  const { registry } = open({ config: conf(broken.host, primary.host) });
  const manifest = await registry.resolve(image, { platform });
  expect((await registry.config(image, manifest)).labels).toEqual({ version: '1' });
  expect(primary.asked).toHaveLength(2);
});

test('what is blocked is refused as any other failure is, and asked nowhere', async () => {
  const { host, asked } = await serve(answerSample);
  const text = `[[registry]]\nprefix = "registry.test"\nlocation = "${host}"\nblocked = true\ninsecure = true`;
  const { registry } = open({ config: parseRegistriesConf(text, 'f') });
  const refused = { code: 'BadConfiguration', message: expect.stringContaining('blocks registry.test') };
  await expect(registry.resolve(image, { platform })).rejects.toMatchObject(refused);
  await expect(registry.blob(image, layerDescriptor)).rejects.toMatchObject(refused);
  expect(asked).toEqual([]);
});
