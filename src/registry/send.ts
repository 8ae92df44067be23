import { allPieces } from './all-pieces.ts';
import type { Connections, Trust } from './connections.ts';
import type { RegistryLimits } from './limits.ts';
import { transportFailure } from './transport-failure.ts';

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly form?: string;
  readonly trust: Trust;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  /** A header's value, several of one name joined with ", ". */
  header(name: string): string | undefined;
  /** Where it came from, redirects followed. */
  readonly url: URL;
  /** The body's pieces. Throws Failure `TimedOut`, `Transient`, `Cancelled`. To be read or discarded. */
  readonly body: AsyncIterable<Buffer>;
  discard(): Promise<void>;
}

/** One request over the wire, told when its answer has ended. */
export interface RequestEvent {
  readonly method: string;
  readonly origin: string;
  /** Without the query, which may hold a signature. */
  readonly path: string;
  /** Absent where no answer came. */
  readonly status?: number;
  /** Of the answer's body. */
  readonly bodyBytes: number;
}

export type Send = (request: Request) => Promise<Answer>;

/** One HTTP exchange: no redirect, no authorization, no retry. @returns a function that throws as `Answer.body` does */
export function createSend(
  connections: Connections,
  limits: RegistryLimits,
  onRequest: (event: RequestEvent) => void = () => {},
): Send {
  return async ({ method, url, headers, form, trust, signal }) => {
    const told = { method, origin: url.origin, path: url.pathname };
    try {
      const dispatcher = await connections.dispatcherFor(url, trust);
      const {
        statusCode,
        headers: answered,
        body,
      } = await dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: { ...headers },
        body: form ?? null,
        signal: signal ?? null,
        headersTimeout: limits.headersMs,
        bodyTimeout: limits.bodyIdleMs,
      });
      const received = allPieces(body);
      let bodyBytes = 0;
      let ended = false;
      const end = (): void => {
        if (!ended) onRequest({ ...told, status: statusCode, bodyBytes });
        ended = true;
      };
      async function* pieces(): AsyncGenerator<Buffer> {
        try {
          for await (const piece of received) {
            bodyBytes += piece.length;
            yield piece;
          }
        } catch (error) {
          throw transportFailure(error, url.host, signal);
        } finally {
          end();
        }
      }
      return {
        status: statusCode,
        header: (name) => [answered[name] ?? []].flat().join(', ') || undefined,
        url,
        body: pieces(),
        async discard() {
          // Reading a short rest keeps the connection; an endless one is cut off.
          await body.dump({ limit: 64 * 1024 }).catch(() => {});
          end();
        },
      };
    } catch (error) {
      onRequest({ ...told, bodyBytes: 0 });
      throw transportFailure(error, url.host, signal);
    }
  };
}
