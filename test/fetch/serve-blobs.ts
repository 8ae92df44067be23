import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { BlobId } from '../../src/model/blob.ts';
import { sha256 } from '../registry/sample.ts';

export interface BlobServerOptions {
  /** Whether it does ranges; it does unless it is false. */
  readonly ranges?: boolean;
  /** The ETag of its n-th answer, from 0; none unless given. */
  readonly etag?: (answer: number) => string;
  /** Answers a request itself, where it returns true. */
  readonly instead?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export function blobOf(bytes: Buffer): BlobId {
  return { digest: sha256(bytes), sizeBytes: bytes.length };
}

/** An HTTP server with blobs at `/v2/NAME/blobs/DIGEST`, ranges and If-Range as in RFC 9110, ended with the test. @returns its URL */
export async function serveBlobs(
  blobs: readonly Buffer[],
  { ranges = true, etag, instead }: BlobServerOptions = {},
): Promise<string> {
  const byDigest = new Map<string, Buffer>(blobs.map((bytes) => [sha256(bytes), bytes]));
  let answers = 0;
  const server = createServer((request, response) => {
    if (instead?.(request, response) === true) return;
    const bytes = byDigest.get(request.url?.split('/').at(-1) ?? '');
    if (bytes === undefined) {
      response.writeHead(404).end();
      return;
    }
    const tag = etag?.(answers);
    answers += 1;
    const { range, 'if-range': ifRange } = request.headers;
    const from = Number(/^bytes=(\d+)-\d+$/.exec(range ?? '')?.[1] ?? Number.NaN);
    const part = ranges && !Number.isNaN(from) && (ifRange === undefined || ifRange === tag);
    const sent = part ? bytes.subarray(from) : bytes;
    response.writeHead(part ? 206 : 200, {
      'content-length': sent.length,
      ...(tag === undefined ? {} : { etag: tag }),
      ...(part ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    response.end(sent);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
