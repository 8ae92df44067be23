import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { expect, test } from 'vitest';
import { allPieces } from '../../src/registry/all-pieces.ts';

test('a body that broke before anybody read it gives all that had come', async () => {
  const sentBytes = 300_000;
  await using server = createServer((_, answer) => {
    answer.writeHead(200, { 'content-length': 2 * sentBytes });
    answer.write(Buffer.alloc(sentBytes), () => answer.socket?.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { body } = await request(`http://127.0.0.1:${port}/`);

  const pieces = allPieces(body);
  await new Promise((resolve) => body.once('close', resolve));
  let received = 0;
  const reading = async (): Promise<void> => {
    for await (const piece of pieces) received += piece.length;
  };
  await expect(reading()).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  expect(received).toBe(sentBytes);
});
