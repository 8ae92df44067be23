import { allPieces } from './all-pieces.ts';
import type { Connections, Trust } from './connections.ts';
import { getLarge } from './get-large.ts';
import type { RegistryLimits } from './limits.ts';
import { transportFailure } from './transport-failure.ts';

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly form?: string;
  /** A GET of an answer that is worth a connection of its own: pieces of its body hold until the next is asked for. */
  readonly isLarge?: boolean;
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

type Exchange = Pick<Answer, 'status' | 'header' | 'body' | 'discard'>;

export type Send = (request: Request) => Promise<Answer>;

/** One HTTP exchange: no redirect, no authorization, no retry. @returns a function that throws as `Answer.body` does */
export function createSend(
  connections: Connections,
  limits: RegistryLimits,
  onRequest: (event: RequestEvent) => void = () => {},
): Send {
  /** Origins whose answers to such a GET are small, as redirects are, or take more to read. */
  const unsuited = new Set<string>();

  const exchangeLarge = async ({ url, headers, trust, signal }: Request): Promise<Exchange | undefined> => {
    const openSocket = unsuited.has(url.origin) ? undefined : await connections.socketFor(url, trust);
    const answer = openSocket && (await getLarge(url, headers, openSocket, limits, signal));
    if (answer === undefined || (answer.head.status >= 300 && answer.head.status < 400))
      unsuited.add(url.origin);
    if (answer === undefined) return undefined;
    const { head, body, destroy } = answer;
    return {
      status: head.status,
      header: (name) => head.headers.get(name),
      body,
      discard: async () => destroy(),
    };
  };
  const exchange = async ({ method, url, headers, form, trust, signal }: Request): Promise<Exchange> => {
    const dispatcher = await connections.dispatcherFor(url, trust);
    const answer = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { ...headers },
      body: form ?? null,
      signal: signal ?? null,
      headersTimeout: limits.headersMs,
      bodyTimeout: limits.bodyIdleMs,
    });
    return {
      status: answer.statusCode,
      header: (name) => [answer.headers[name] ?? []].flat().join(', ') || undefined,
      body: allPieces(answer.body),
      // Reading a short rest keeps the connection; an endless one is cut off.
      discard: async () => answer.body.dump({ limit: 64 * 1024 }).catch(() => {}),
    };
  };

  return async (request) => {
    const { method, url, signal } = request;
    const told = { method, origin: url.origin, path: url.pathname };
    try {
      const large = request.isLarge === true ? await exchangeLarge(request) : undefined;
      const { status, header, body, discard } = large ?? (await exchange(request));
      let bodyBytes = 0;
      let ended = false;
      const end = (): void => {
        if (!ended) onRequest({ ...told, status, bodyBytes });
        ended = true;
      };
      async function* pieces(): AsyncGenerator<Buffer> {
        try {
          for await (const piece of body) {
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
        status,
        header,
        url,
        body: pieces(),
        async discard() {
          await discard();
          end();
        },
      };
    } catch (error) {
      onRequest({ ...told, bodyBytes: 0 });
      throw transportFailure(error, url.host, signal);
    }
  };
}
