import { connect, type Socket } from 'node:net';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { proxyFor } from '../../src/registry/proxy.ts';
import { answerPath, answerSample, imageText, open, plain, platform, refer, sha256 } from './sample.ts';
import { authority } from './authority.ts';
import { serve } from './serve.ts';

const env = { HTTPS_PROXY: 'http://s.test:1', http_proxy: 'p.test' };

test.each([
  ['https://a.test', '', 'http://s.test:1'],
  ['http://a.test', '', 'http://p.test'],
  ['https://localhost', '', undefined],
  ['https://127.1.2.3:5000', '', undefined],
  ['https://[::1]', '', undefined],
  ['https://a.test', '*', undefined],
  ['https://a.test', 'b.test, a.test', undefined],
  ['https://x.a.test', 'a.test', undefined],
  ['https://xa.test', 'a.test', 'http://s.test:1'],
  ['https://a.test', '.a.test', 'http://s.test:1'],
  ['https://x.a.test', '*.a.test', undefined],
  ['https://a.test', 'a.test:443', undefined],
  ['https://a.test:5000', 'a.test:443', 'http://s.test:1'],
  ['https://10.1.2.3', '10.0.0.0/8', undefined],
  ['https://11.1.2.3', '10.0.0.0/8', 'http://s.test:1'],
  ['https://10.1.2.3', '10.0.0.0/99', 'http://s.test:1'],
  ['https://[fd00::1]', 'fd00::/8', undefined],
  ['https://[fd00::1]', 'fd00::1', undefined],
])('%s with NO_PROXY=%s', (url, NO_PROXY, expected) => {
  expect(proxyFor(new URL(url), { ...env, NO_PROXY })).toBe(expected);
});

test('no proxy without a variable, and each scheme has its own', () => {
  expect(proxyFor(new URL('https://a.test'), {})).toBeUndefined();
  expect(proxyFor(new URL('https://a.test'), { HTTP_PROXY: 'http://p.test' })).toBeUndefined();
});

test('plain HTTP goes through a proxy without a tunnel, and its login is wanted', async () => {
  const { host, asked, requests } = await serve((request, response) => {
    const { pathname } = new URL(request.url ?? '');
    if (request.headers['proxy-authorization'] === undefined) response.writeHead(407).end();
    else answerPath(pathname, request, response);
  });
  // TLS is tried first, and this proxy has no tunnels.
  const login = open({ env: { HTTP_PROXY: `http://u:p@${host}` } }, { tries: 1 });
  const image = refer('registry.test');
  const manifest = await login.registry.resolve(image, { platform, pull: plain });
  expect(manifest.digest).toBe(sha256(imageText));
  expect(asked).toContain('GET http://registry.test/v2/app/manifests/1');
  expect(requests.at(-1)?.headers['proxy-authorization']).toBe('Basic dTpw');
  const anonymous = open({ env: { HTTP_PROXY: `http://${host}` } }, { tries: 1 });
  await expect(anonymous.registry.resolve(image, { platform, pull: plain })).rejects.toMatchObject({
    code: 'Authentication',
    message: expect.stringContaining('proxy'),
  });
});

test.each([
  [407, 'Authentication', 'wants a login'],
  [502, 'Transient', 'HTTP 502'],
])('a proxy that answers %i to a tunnel is named', async (status, code, text) => {
  const proxy = createServer();
  proxy.on('connect', (_request, socket: Socket) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const { registry } = open({ env: { https_proxy: `http://u:SECRET@127.0.0.1:${port}` } }, { tries: 1 });
  const failure: unknown = await registry
    .resolve(refer('r.test'), { platform })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code, message: expect.stringContaining(text) });
  expect(String(failure)).not.toContain('SECRET');
});

test('HTTPS goes through a tunnel', async () => {
  const tunnels: string[] = [];
  const sockets: Socket[] = [];
  const { registryHost, tls } = await tlsRegistry();
  const proxy = createServer();
  proxy.on('connect', (request, socket: Socket) => {
    tunnels.push(request.url ?? '');
    const onward = connect(Number(registryHost.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    sockets.push(onward, socket);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    sockets.forEach((socket) => socket.destroy());
    proxy.close();
  });
  const { registry } = open({
    env: { https_proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` },
    certificates: async () => ({ authorities: [tls.ca], identities: [] }),
  });
  const manifest = await registry.resolve(refer('registry.test:8443'), { platform });
  expect(manifest.digest).toBe(sha256(imageText));
  expect(tunnels).toEqual(['registry.test:8443']);
});

async function tlsRegistry() {
  const tls = await authority();
  const { host: registryHost } = await serve(answerSample, tls.server);
  return { registryHost, tls };
}
