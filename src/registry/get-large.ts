import type { Socket } from 'node:net';
import type { OpenSocket } from './connections.ts';
import { createIntake } from './intake.ts';
import type { RegistryLimits } from './limits.ts';
import { type Head, parseHead } from './parse-head.ts';

export interface LargeAnswer {
  readonly head: Head;
  /** Each piece holds until the next is asked for. To be read or destroyed. */
  readonly body: AsyncGenerator<Buffer>;
  readonly destroy: () => void;
}

/**
 * A GET over a connection of its own, whose body goes through two buffers alone.
 * @returns undefined where the answer takes more than that to read (parse-head.ts)
 * @throws Error with a code, as node and undici do
 */
export async function getLarge(
  url: URL,
  headers: Readonly<Record<string, string>>,
  openSocket: OpenSocket,
  limits: RegistryLimits,
  signal: AbortSignal | undefined,
): Promise<LargeAnswer | undefined> {
  const intake = createIntake(() => socket.resume());
  const socket = openSocket(intake.onread);
  let isPaused = (): boolean => false;
  const onAbort = (): void => void socket.destroy(withCode('aborted', 'ABORT_ERR'));
  signal?.addEventListener('abort', onAbort, { once: true });
  socket.setTimeout(limits.connectMs);
  socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () =>
    socket.setTimeout(limits.headersMs),
  );
  socket.on('timeout', () => {
    if (!isPaused()) socket.destroy(withCode('nothing came for too long', 'ETIMEDOUT'));
  });
  socket.once('error', intake.end);
  socket.once('close', () => {
    signal?.removeEventListener('abort', onAbort);
    intake.end(closed(socket));
    intake.release();
  });
  const destroy = (): void => void socket.destroy();
  if (signal?.aborted) onAbort();
  socket.write(requestText(url, headers), 'latin1');
  try {
    const start = await intake.start('\r\n\r\n', limits.headerBytes);
    const head = start === undefined ? undefined : parseHead(start);
    if (head === undefined) {
      destroy();
      return undefined;
    }
    socket.setTimeout(limits.bodyIdleMs);
    isPaused = () => socket.isPaused();
    return { head, body: read(intake.pieces(head.bodyBytes), destroy), destroy };
  } catch (error) {
    destroy();
    throw error;
  }
}

async function* read(pieces: AsyncGenerator<Buffer>, destroy: () => void): AsyncGenerator<Buffer> {
  try {
    yield* pieces;
  } finally {
    destroy();
  }
}

/** @throws Error where a header would be two, or end the head */
function requestText(url: URL, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ host: url.host, connection: 'close', ...headers }).map(([name, value]) => {
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value))
      throw withCode(`the header ${name} cannot be sent`, 'UND_ERR_INVALID_ARG');
    return `${name}: ${value}\r\n`;
  });
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** As undici says it: what never sent a byte may have wanted a certificate. */
function closed({ bytesRead }: Socket): Error {
  return Object.assign(withCode('closed before its end', 'UND_ERR_SOCKET'), { socket: { bytesRead } });
}

function withCode(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}
