import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { redirectTarget } from '../../src/registry/redirect.ts';
import { answerPath, fail, layer, layerDescriptor, open, plain, platform, refer } from './sample.ts';
import { serve } from './serve.ts';

const from = new URL('https://registry.test/v2/app/blobs/x');

test.each([
  ['/other?sig=1', 'https://registry.test/other?sig=1'],
  ['https://cdn.test/x', 'https://cdn.test/x'],
  ['//cdn.test/x', 'https://cdn.test/x'],
  ['https://user:secret@cdn.test/x#y', 'https://cdn.test/x'],
])('%s leads to %s', (location, url) => {
  expect(redirectTarget(from, location, false).href).toBe(url);
});

test.each(['http://registry.test/', 'ftp://cdn.test/', 'file:///etc/passwd', 'https://', 'http://[::1'])(
  '%s is refused',
  (location) => {
    expect(() => redirectTarget(from, location, false)).toThrow(
      expect.objectContaining({ code: 'BadContent' }),
    );
  },
);

test('from https to http only where the registry is insecure', () => {
  expect(redirectTarget(from, 'http://cdn.test/', true).href).toBe('http://cdn.test/');
});

test('the credential stays with the first origin, the range goes along', async () => {
  const storage = await serve((request, response) => {
    // Back to the registry: what was dropped does not come back.
    if (request.url === '/back') response.writeHead(302, { location: `http://${host}/plain` }).end();
    else answerPath(`/v2/app/blobs/${layerDescriptor.digest}`, request, response);
  });
  let target = `http://${storage.host}/blob?signature=SECRET`;
  const { host, requests } = await serve((request, response) => {
    if (request.url === '/plain') response.end(layer);
    else if (request.headers.authorization === undefined)
      fail(response, 401, 'X', { 'www-authenticate': 'Basic realm="r"' });
    else response.writeHead(307, { location: target }).end();
  });
  const { registry } = open({ credentials: async () => ({ username: 'u', password: 'p' }) });
  const range = { offset: 5, lengthBytes: 7 };
  const part = await registry.blob(refer(host), layerDescriptor, { pull: plain, range });
  expect((await buffer(part)).equals(layer.subarray(5, 12))).toBe(true);
  expect(storage.requests[0]?.headers).toMatchObject({ range: 'bytes=5-11' });
  expect(storage.requests[0]?.headers.authorization).toBeUndefined();
  target = `http://${storage.host}/back`;
  expect(await buffer(await registry.blob(refer(host), layerDescriptor, { pull: plain }))).toHaveLength(
    layer.length,
  );
  expect(requests.at(-1)?.url).toBe('/plain');
  expect(requests.at(-1)?.headers.authorization).toBeUndefined();
});

test('within an origin the credential goes along', async () => {
  const { host, asked } = await serve((request, response) => {
    if (request.headers.authorization === undefined)
      fail(response, 401, 'X', { 'www-authenticate': 'Basic realm="r"' });
    else if (request.url === '/moved') answerPath('/v2/app/manifests/1', request, response);
    else response.writeHead(308, { location: '/moved' }).end();
  });
  const { registry } = open({ credentials: async () => ({ username: 'u', password: 'p' }) });
  await registry.resolve(refer(host), { platform, pull: plain });
  expect(asked.at(-1)).toBe('GET /moved Basic dTpw');
});

test('a challenge of another origin gets no credential', async () => {
  const storage = await serve((_request, response) =>
    fail(response, 401, 'X', { 'www-authenticate': 'Basic realm="phishing"' }),
  );
  const { host } = await serve((_request, response) =>
    response.writeHead(302, { location: `http://${storage.host}/x?signature=SECRET` }).end(),
  );
  const { registry } = open({ credentials: async () => ({ username: 'u', password: 'p' }) });
  const failure: unknown = await registry
    .resolve(refer(host), { platform, pull: plain })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'Authentication' });
  expect(String(failure)).not.toContain('SECRET');
  expect(storage.asked).toEqual(['GET /x?signature=SECRET']);
});

test('a sixth redirect is not followed', async () => {
  const { host, asked } = await serve((_request, response) =>
    response.writeHead(302, { location: '/again' }).end(),
  );
  const { registry } = open();
  await expect(registry.resolve(refer(host), { platform, pull: plain })).rejects.toMatchObject({
    code: 'BadContent',
  });
  expect(asked).toHaveLength(6);
});
