import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { certificatesOf } from '../../src/registry/certificates.ts';
import { hostRoot } from './host-root.ts';
import { authority } from './authority.ts';
import { answerSample, fail, imageText, open, platform, refer, sha256 } from './sample.ts';
import { serve } from './serve.ts';

test('the first folder that the host has counts', async () => {
  const find = certificatesOf(
    await hostRoot({
      'etc/containers/certs.d/a.test:5000/ca.crt': 'A',
      'etc/docker/certs.d/a.test:5000/ca.crt': 'not seen',
      'etc/docker/certs.d/b.test/x.cert': 'B',
      'etc/docker/certs.d/b.test/x.key': 'K',
      'etc/own/2.crt': 'second',
      'etc/own/1.crt': 'first',
    }),
  );
  expect(await find('a.test:5000', undefined)).toEqual({ authorities: ['A'], identities: [] });
  expect(await find('b.test', undefined)).toEqual({
    authorities: [],
    identities: [{ certificate: 'B', key: 'K' }],
  });
  expect(await find('a.test', undefined)).toEqual({ authorities: [], identities: [] });
  expect(await find('a.test:5000', '/etc/own')).toEqual({ authorities: ['first', 'second'], identities: [] });
  await expect(find('a.test', '/etc/none')).rejects.toMatchObject({ code: 'BadConfiguration' });
});

test.each(['x.cert', 'x.key'])('%s alone is a mistake', async (name) => {
  const find = certificatesOf(await hostRoot({ [`etc/containers/certs.d/a.test/${name}`]: 'x' }));
  await expect(find('a.test', undefined)).rejects.toMatchObject({
    code: 'BadConfiguration',
    message: expect.stringContaining(name),
  });
});

test('a server is trusted by the CA of certs.d, and only for its names', async () => {
  const tls = await authority();
  const { host } = await serve(answerSample, tls.server);
  const trusting = open({ certificates: async () => ({ authorities: [tls.ca], identities: [] }) });
  expect(await trusting.registry.resolve(refer(host), { platform })).toMatchObject({
    digest: sha256(imageText),
  });
  const other = host.replace('127.0.0.1', '127.0.0.2');
  await expect(trusting.registry.resolve(refer(other), { platform })).rejects.toMatchObject({
    name: 'Failure',
  });
  const strange = open();
  await expect(strange.registry.resolve(refer(host), { platform })).rejects.toMatchObject({
    code: 'BadConfiguration',
    message: expect.stringContaining(`/etc/containers/certs.d/${host}/ca.crt`),
  });
  const careless = await strange.registry.resolve(refer(host), { platform, pull: { tlsVerify: false } });
  expect(careless.digest).toBe(sha256(imageText));
});

test('the authorities of the host are trusted', async () => {
  const tls = await authority();
  const { host } = await serve(answerSample, tls.server);
  const { registry } = open({ env: { SSL_CERT_FILE: join(tls.folder, 'ca.crt') } });
  expect(await registry.resolve(refer(host), { platform })).toMatchObject({ digest: sha256(imageText) });
});

function clientOf(request: IncomingMessage): string {
  return String((request.socket as TLSSocket).getPeerCertificate().subject?.CN);
}

test('a client certificate goes to its registry, and not to where that redirects', async () => {
  const tls = await authority();
  const options = { ...tls.server, ca: tls.ca, requestCert: true, rejectUnauthorized: false };
  const seen: string[] = [];
  const storage = await serve((request, response) => {
    seen.push(clientOf(request));
    answerSample(request, response);
  }, options);
  const { host } = await serve((request, response) => {
    seen.push(clientOf(request));
    response.writeHead(307, { location: `https://${storage.host}${request.url}` }).end();
  }, options);
  const certificates = async () => ({ authorities: [tls.ca], identities: [tls.client] });
  await open({ certificates }).registry.resolve(refer(host), { platform });
  expect(seen).toEqual(['client', 'undefined']);
});

test('a client certificate does not go to a token server elsewhere', async () => {
  const tls = await authority();
  const options = { ...tls.server, ca: tls.ca, requestCert: true, rejectUnauthorized: false };
  const seen: string[] = [];
  const tokens = await serve((request, response) => {
    seen.push(clientOf(request));
    response.end('{"token":"x"}');
  }, options);
  const { host } = await serve((request, response) => {
    seen.push(clientOf(request));
    if (request.headers.authorization === 'Bearer x') answerSample(request, response);
    else fail(response, 401, 'X', { 'www-authenticate': `Bearer realm="https://${tokens.host}/"` });
  }, options);
  const certificates = async () => ({ authorities: [tls.ca], identities: [tls.client] });
  await open({ certificates }).registry.resolve(refer(host), { platform });
  expect(seen).toEqual(['client', 'undefined', 'client']);
});

test('a registry that demands a client certificate says so', async () => {
  const tls = await authority();
  const { host } = await serve(answerSample, {
    ...tls.server,
    ca: tls.ca,
    requestCert: true,
    rejectUnauthorized: true,
    // With 1.3 the refusal comes after the handshake, and is lost where the server closes at once.
    maxVersion: 'TLSv1.2',
  });
  const { registry } = open(
    { certificates: async () => ({ authorities: [tls.ca], identities: [] }) },
    { tries: 1 },
  );
  await expect(registry.resolve(refer(host), { platform })).rejects.toMatchObject({
    code: 'Authentication',
    message: expect.stringContaining('client certificate'),
  });
});

test('a key that does not belong to its certificate is told', async () => {
  const tls = await authority();
  const identities = [{ certificate: tls.client.certificate, key: tls.server.key }];
  const { registry } = open({ certificates: async () => ({ authorities: [], identities }) });
  await expect(registry.resolve(refer('127.0.0.1:1'), { platform })).rejects.toMatchObject({
    code: 'BadConfiguration',
  });
});

test('a registry without TLS is refused unless it may be insecure, and its token server too', async () => {
  const { host } = await serve(answerSample);
  const { registry } = open({}, { tries: 1 });
  await expect(registry.resolve(refer(host), { platform })).rejects.toMatchObject({
    code: 'BadConfiguration',
    message: expect.stringContaining('does not speak TLS'),
  });
  const tls = await authority();
  const tokens = await serve((_request, response) => response.end('{"token":"x"}'));
  const secure = await serve(
    (_request, response) =>
      fail(response, 401, 'X', { 'www-authenticate': `Bearer realm="http://${tokens.host}/"` }),
    tls.server,
  );
  const trusting = open({ certificates: async () => ({ authorities: [tls.ca], identities: [] }) });
  await expect(trusting.registry.resolve(refer(secure.host), { platform })).rejects.toMatchObject({
    code: 'BadContent',
    message: expect.stringContaining('no TLS'),
  });
  expect(tokens.asked).toEqual([]);
});
