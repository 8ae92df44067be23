import { once } from 'node:events';
import { type IncomingMessage, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Fault, type FaultProxyOptions, startFaultProxy } from './fault-proxy.ts';
import { seededBytes } from './image.ts';

const body = seededBytes('body', 300_000);
const upstream = createServer((request, answer) => {
  if (request.method === 'PUT') {
    request.pipe(answer);
    return;
  }
  answer.writeHead(200, { 'content-length': body.length, 'x-host': request.headers.host ?? '' }).end(body);
});
let upstreamUrl: string;
beforeAll(async () => {
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
});
afterAll(() => {
  upstream.close();
  upstream.closeAllConnections();
});

async function proxyWith(fault: Fault | undefined, link: FaultProxyOptions = {}) {
  return startFaultProxy(upstreamUrl, { ...link, faultOf: () => fault });
}

/** What a client gets of the body, and how the connection ended. */
async function read(url: string): Promise<{ bytes: Buffer; error: string | undefined }> {
  const request = get(url);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  // A reset is told to both; the response's reader has it.
  request.on('error', () => {});
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    return { bytes: Buffer.concat(chunks), error: undefined };
  } catch (error) {
    return { bytes: Buffer.concat(chunks), error: (error as NodeJS.ErrnoException).code };
  }
}

test('without a fault everything passes, both ways, and is counted', async () => {
  await using proxy = await proxyWith(undefined);
  const answer = await fetch(`${proxy.url}/some/path?query=1`, { headers: { range: 'bytes=0-' } });
  expect(answer.headers.get('x-host')).toBe(proxy.address);
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(body);
  const echoed = await fetch(`${proxy.url}/put`, { method: 'PUT', body: 'sent' });
  expect(await echoed.text()).toBe('sent');
  await fetch(`${proxy.url}/put`, { method: 'PUT', body: 'sent' });
  expect(proxy.requests()).toMatchObject([
    {
      method: 'GET',
      path: '/some/path?query=1',
      headers: { range: 'bytes=0-' },
      status: 200,
      sentBytes: 300_000,
    },
    { method: 'PUT', path: '/put', before: 0, sentBytes: 4 },
    { method: 'PUT', path: '/put', before: 1, sentBytes: 4 },
  ]);
});

test.each(['cut', 'reset'] as const)('%s: the bytes before it, then the end', async (kind) => {
  await using proxy = await proxyWith({ kind, afterBytes: 100_000 });
  const { bytes, error } = await read(proxy.url);
  expect(error).toBe('ECONNRESET');
  expect(proxy.requests()[0]?.sentBytes).toBe(100_000);
  // A reset may take along bytes on their way.
  expect(bytes).toEqual(body.subarray(0, kind === 'cut' ? 100_000 : bytes.length));
});

test('stall: the bytes before it, then nothing until the client leaves', async () => {
  await using proxy = await proxyWith({ kind: 'stall', afterBytes: 50_000 });
  const [response] = (await once(get(proxy.url), 'response')) as [IncomingMessage];
  let received = 0;
  response.on('data', (chunk: Buffer) => (received += chunk.length));
  response.on('error', () => {});
  await expect.poll(() => received).toBe(50_000);
  expect(response.complete).toBe(false);
  response.destroy();
});

test('corrupt: one byte is another', async () => {
  await using proxy = await proxyWith({ kind: 'corrupt', atByte: 200_001 });
  const { bytes } = await read(proxy.url);
  const wrong = [...bytes.keys()].filter((index) => bytes[index] !== body[index]);
  expect([bytes.length, wrong]).toEqual([body.length, [200_001]]);
});

test('answer: in place of the server', async () => {
  await using proxy = await proxyWith({
    kind: 'answer',
    status: 429,
    headers: { 'retry-after': '7' },
    body: 'later',
  });
  const answer = await fetch(proxy.url);
  expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([
    429,
    '7',
    'later',
  ]);
});

test('a slow link is shared by all connections and keeps its rate', async () => {
  await using proxy = await proxyWith(undefined, { bytesPerSecond: 2_000_000, firstByteMs: 50 });
  const startMs = performance.now();
  await Promise.all([read(proxy.url), read(proxy.url)]);
  // 600,000 bytes take 300 ms, after 50 ms for the first byte and less what may be caught up.
  const tookMs = performance.now() - startMs;
  expect(tookMs).toBeGreaterThan(320);
  expect(tookMs).toBeLessThan(600);
});
