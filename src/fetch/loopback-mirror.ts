import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asFailure } from '../model/failure.ts';
import { answerError, answerFailure } from './mirror-failure.ts';
import { answerImage, openImage, type OpenImage } from './mirror-answer.ts';
import type { MirrorHooks, MirrorImage, MirrorParts, ServedAt } from './mirror-image.ts';
import { parseMirrorPath, signaturesPath } from './mirror-path.ts';

export interface LoopbackMirror extends AsyncDisposable {
  /** From now on until the result is disposed of. */
  serve(image: MirrorImage, hooks?: MirrorHooks): ServedAt & Disposable;
}

// Bounds of what other local users can do, who can connect as well.
const limits = {
  /** skopeo has six blobs of an image under way at once. */
  connections: 256,
  /** A Range of 1,024 chunks is 30 KiB. */
  headerBytes: 64 * 1024,
  headersMs: 10_000,
};

/**
 * A registry on loopback that has the images that are given to it and nothing else, with what `parts` bring. Each image lies under
 * a random path of 128 bits, told to skopeo alone, which keeps other local users out: for them each path is not there. It is looked
 * up in a map, whose time says nothing of how much of a guess was right.
 */
export async function startLoopbackMirror(parts: MirrorParts): Promise<LoopbackMirror> {
  const images = new Map<string, OpenImage>();
  const server = createServer(
    { maxHeaderSize: limits.headerBytes, headersTimeout: limits.headersMs },
    (request, response) => void answer(request, response),
  );
  server.maxConnections = limits.connections;
  // What is not HTTP, as the TLS that skopeo tries first, is not worth an answer.
  server.on('clientError', (_, socket) => socket.destroy());
  // Neither is asked for by skopeo; without these a socket would be handed over and stay.
  server.on('connect', (_, socket) => socket.destroy());
  server.on('upgrade', (_, socket) => socket.destroy());

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // A body is never asked for, and unread it would hold the connection.
    request.resume();
    const asked = parseMirrorPath(request.url ?? '');
    const image = asked === undefined || asked.kind === 'root' ? undefined : images.get(asked.key);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answerError(response, 404, 'MANIFEST_UNKNOWN');
    if (asked?.kind === 'root') return void response.end();
    if (asked === undefined || image === undefined) return answerError(response, 404, 'MANIFEST_UNKNOWN');
    const closed = new AbortController();
    response.once('close', () => closed.abort());
    const signal = AbortSignal.any([closed.signal, image.ended.signal]);
    try {
      await answerImage(image, asked, request, response, signal);
    } catch (error) {
      const failure = asFailure(error);
      // skopeo left, or its run is over; and a signature that is not there is no failure either.
      // What writing to it fails with says nothing of what is behind us, and would stand in place of skopeo's own reason.
      const left = failure.code === 'Cancelled' || isPrematureClose(error) || request.socket.destroyed;
      if (!left && (failure.code !== 'NotFound' || asked.kind === 'blob')) image.hooks.onFailure?.(failure);
      answerFailure(response, failure);
    }
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    serve(image, hooks = {}) {
      const key = randomBytes(16).toString('hex');
      const open = openImage(image, parts, hooks);
      images.set(key, open);
      return {
        location: `${address}/${key}`,
        lookaside: `http://${address}${signaturesPath}`,
        [Symbol.dispose]: () => {
          images.delete(key);
          open.ended.abort();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const image of images.values()) image.ended.abort();
      images.clear();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function isPrematureClose(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
}
