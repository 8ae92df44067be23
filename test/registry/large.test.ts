import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createConnections, type Trust } from '../../src/registry/connections.ts';
import { defaultLimits } from '../../src/registry/limits.ts';
import { parseHead } from '../../src/registry/parse-head.ts';
import { createSend, type Answer } from '../../src/registry/send.ts';
import { seededBytes } from '../support/image.ts';
import { authority } from './authority.ts';
import { serve } from './serve.ts';

const bytes = seededBytes('large', 3_000_000);
const anyone: Trust = { certificates: { authorities: [], identities: [] }, insecure: false };

type Get = (path: string, trust?: Trust, signal?: AbortSignal) => Promise<Answer>;

function getter(origin: string): Get {
  const connections = createConnections({}, defaultLimits);
  onTestFinished(() => connections.close());
  const send = createSend(connections, defaultLimits);
  return async (path, trust = anyone, signal) =>
    send({ method: 'GET', url: new URL(path, origin), headers: {}, isLarge: true, trust, signal });
}

/** All of it, by a reader that is slower than the sender, and finds each piece as it was until the next. */
async function read({ body }: Answer): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of body) {
    const before = Buffer.from(piece);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(piece.equals(before)).toBe(true);
    pieces.push(before);
  }
  return Buffer.concat(pieces);
}

test.each(['127.0.0.1', 'localhost'])('from %s, with TLS and without', async (name) => {
  const tls = await authority();
  const trust: Trust = { certificates: { authorities: [tls.ca], identities: [] }, insecure: false };
  const answer: Parameters<typeof serve>[0] = (request, response) => {
    response.writeHead(200, { 'content-length': bytes.length, etag: request.headers.host ?? '' }).end(bytes);
  };
  for (const [scheme, server] of [
    ['http', await serve(answer)],
    ['https', await serve(answer, tls.server)],
  ] as const) {
    const host = server.host.replace('127.0.0.1', name);
    const answer = await getter(`${scheme}://${host}`)('/blob', trust);
    expect([answer.status, answer.header('etag')]).toEqual([200, host]);
    expect((await read(answer)).equals(bytes)).toBe(true);
  }
});

test('a certificate that is not trusted', async () => {
  const tls = await authority();
  const { host, asked } = await serve((_, response) => response.end(), tls.server);
  await expect(getter(`https://${host}`)('/')).rejects.toMatchObject({ code: 'BadConfiguration' });
  expect(asked).toEqual([]);
});

test('what has no length is asked for once more, and all else there by the pool from then on', async () => {
  const { host, asked, requests } = await serve((_, response) => {
    response.write(bytes.subarray(0, 1_000));
    response.end(bytes.subarray(1_000));
  });
  const get = getter(`http://${host}`);
  for (let count = 0; count < 3; count += 1) expect((await read(await get('/'))).equals(bytes)).toBe(true);
  expect(asked).toHaveLength(4);
  expect(requests[1]?.socket).toBe(requests[3]?.socket);
});

test('what redirects is asked by the pool from then on', async () => {
  const { host, requests } = await serve((_, response) => {
    response.writeHead(307, { location: '/', 'content-length': 0 }).end();
  });
  const get = getter(`http://${host}`);
  for (let count = 0; count < 3; count += 1) {
    const answer = await get('/');
    expect([answer.status, answer.header('location')]).toEqual([307, '/']);
    await read(answer);
  }
  expect(requests.map(({ headers }) => headers.connection)).toEqual(['close', 'keep-alive', 'keep-alive']);
});

test('what came before a cut is passed on', async () => {
  const server = createServer((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes.length}\r\n\r\n`);
    socket.end(bytes.subarray(0, 1_000_001));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const get = getter(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const { body } = await get('/');
  let came = 0;
  const all = (async () => {
    for await (const piece of body) came += piece.length;
  })();
  await expect(all).rejects.toMatchObject({ code: 'Transient' });
  expect(came).toBe(1_000_001);
});

test('cancelled while nothing comes', async () => {
  const { host } = await serve((_, response) => {
    response.writeHead(200, { 'content-length': 10 }).write('12345');
  });
  const stop = new AbortController();
  const { body } = await getter(`http://${host}`)('/', anyone, stop.signal);
  await body[Symbol.asyncIterator]().next();
  stop.abort();
  await expect(body[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'Cancelled' });
});

test.each([
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', { status: 200, bodyBytes: 5 }],
  ['HTTP/1.1 401 \r\nA: 1\r\na:2 \r\nContent-Length:0\r\n\r\n', { status: 401, bodyBytes: 0 }],
  ['HTTP/1.1 200 OK\r\n\r\n', undefined],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n', undefined],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n', undefined],
  ['HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n', undefined],
  ['HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n', undefined],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n folded\r\n\r\n', undefined],
  ['HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n', undefined],
  ['SSH-2.0-OpenSSH\r\n\r\n', undefined],
])('the head %j', (text, expected) => {
  const head = parseHead(text);
  expect(head && { status: head.status, bodyBytes: head.bodyBytes }).toEqual(expected);
});
