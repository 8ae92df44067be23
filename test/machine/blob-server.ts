import { once } from 'node:events';
import { type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Blob, Image } from '../support/image.ts';

export interface BlobServer extends AsyncDisposable {
  /** As a machine with a network reaches it: its gateway is our loopback. */
  readonly address: string;
  /** Bytes of layers that were sent so far, to all that asked. */
  readonly sent: () => number;
  /** Those of them that had been sent before. */
  readonly sentAgain: () => number;
}

const chunkBytes = 16_384;

/**
 * A registry outside of the machine, so that its count outlives a power cut. It sends slower than anybody reads: what was sent has
 * arrived but for a chunk.
 * @param bytesPerSecond of all answers together
 */
export async function serveBlobs(image: Image, bytesPerSecond: number): Promise<BlobServer> {
  const blobs = new Map<string, Blob>(
    [image.manifest, image.config, ...image.layers].map((blob) => [blob.digest, blob]),
  );
  let [sent, sentAgain] = [0, 0];
  /** How much of each layer was sent at least once: it is asked for from its start, or from where it ended. */
  const reached = new Map(image.layers.map(({ digest }) => [digest, 0]));
  let turn = Promise.resolve();
  const send = async (answer: ServerResponse, blob: Blob, from: number): Promise<void> => {
    for (let at = from; at < blob.size && !answer.destroyed; at += chunkBytes) {
      turn = turn.then(async () => delay((1000 * chunkBytes) / bytesPerSecond));
      await turn;
      const chunk = blob.bytes.subarray(at, at + chunkBytes);
      if (answer.destroyed) return;
      if (!answer.write(chunk)) await Promise.race([once(answer, 'drain'), once(answer, 'close')]);
      const before = reached.get(blob.digest);
      if (before === undefined) continue;
      sent += chunk.length;
      sentAgain += Math.min(Math.max(before - at, 0), chunk.length);
      reached.set(blob.digest, Math.max(before, at + chunk.length));
    }
    answer.end();
  };
  const server = createServer((request, answer) => {
    const [, kind, reference = ''] = /^\/v2\/big\/(manifests|blobs)\/(.*)$/.exec(request.url ?? '') ?? [];
    const blob = kind === 'manifests' ? image.manifest : blobs.get(reference);
    if (request.url === '/v2/') return void answer.writeHead(200).end();
    if (kind === undefined || blob === undefined) return void answer.writeHead(404).end();
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    answer.writeHead(from > 0 ? 206 : 200, {
      'content-type': kind === 'manifests' ? blob.mediaType : 'application/octet-stream',
      'content-length': blob.size - from,
      'docker-content-digest': blob.digest,
      'accept-ranges': 'bytes',
      ...(from > 0 ? { 'content-range': `bytes ${from}-${blob.size - 1}/${blob.size}` } : {}),
    });
    if (request.method === 'HEAD') return void answer.end();
    answer.on('error', () => {});
    send(answer, blob, from).catch(() => answer.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `10.0.2.2:${(server.address() as AddressInfo).port}`,
    sent: () => sent,
    sentAgain: () => sentAgain,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
