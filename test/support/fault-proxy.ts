import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type LinkOptions, chunkBytes, makeLink } from './link.ts';

/** What goes wrong with one request. `afterBytes` counts the bytes of the answer's body. */
export type Fault =
  /** The connection ends early, as when a server stops. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** The same, by a TCP reset. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Nothing more comes, and the connection stays. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** One byte of the body is another. */
  | { readonly kind: 'corrupt'; readonly atByte: number }
  /** Answers in the server's place. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };

export interface ProxiedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** How many with the same method and path came before it. */
  readonly before: number;
  /** 0 until it is answered. */
  readonly status: number;
  /** Bytes of the answer's body that were sent on. */
  readonly sentBytes: number;
}

export interface FaultProxyOptions extends LinkOptions {
  /** Asked for each request as it comes. */
  readonly faultOf?: (request: ProxiedRequest) => Fault | undefined;
  /** Told as bytes of bodies are sent on: how many there were until now. */
  readonly onSent?: (totalBytes: number) => void;
}

export interface FaultProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly url: string;
  /** In the order they came; a request that is being answered is there with what was sent so far. */
  requests(): readonly ProxiedRequest[];
  stop(): Promise<void>;
}

/** The same, as it comes to be. */
type Writable = { -readonly [Key in keyof ProxiedRequest]: ProxiedRequest[Key] };

/** Puts a server on loopback in front of an HTTP server such as a registry; it passes all on, but for the faults it is told. */
export async function startFaultProxy(
  upstreamUrl: string,
  options: FaultProxyOptions = {},
): Promise<FaultProxy> {
  const link = makeLink(options);
  const records: Writable[] = [];
  let totalBytes = 0;

  const server = createServer((incoming, answer) => {
    const { method = '', url: path = '', headers } = incoming;
    const before = records.filter((record) => record.method === method && record.path === path).length;
    const record: Writable = { method, path, headers, before, status: 0, sentBytes: 0 };
    records.push(record);
    serve(incoming, answer, record).catch(() => answer.destroy());
  });

  async function serve(incoming: IncomingMessage, answer: ServerResponse, record: Writable): Promise<void> {
    const fault = options.faultOf?.(record);
    await link.answerStarts();
    if (fault?.kind === 'answer') {
      incoming.resume();
      record.status = fault.status;
      answer.writeHead(fault.status, fault.headers).end(fault.body);
      record.sentBytes = Buffer.byteLength(fault.body ?? '');
      return;
    }
    const { method, path, headers } = record;
    // With the Host that was asked for, so that the locations in answers lead back here.
    const outgoing = request(new URL(path, upstreamUrl), { method, headers });
    incoming.pipe(outgoing);
    // A client that left is not worth more of the upstream's bytes.
    answer.once('close', () => outgoing.destroy());
    const [upstream] = (await once(outgoing, 'response')) as [IncomingMessage];
    // From here on a break is told to the reader of the response too, and its loop ends there.
    outgoing.on('error', () => {});
    record.status = upstream.statusCode ?? 0;
    answer.writeHead(record.status, upstream.rawHeaders);
    answer.flushHeaders();
    for await (const data of upstream as AsyncIterable<Buffer>) {
      for (let start = 0; start < data.length; start += chunkBytes) {
        if (!(await send(data.subarray(start, start + chunkBytes), answer, record, fault))) return;
      }
    }
    answer.end();
  }

  /** Sends bytes of a body on; false where a fault or the client ended it. */
  async function send(
    chunk: Buffer,
    answer: ServerResponse,
    record: Writable,
    fault: Exclude<Fault, { kind: 'answer' }> | undefined,
  ): Promise<boolean> {
    let bytes = chunk;
    if (fault?.kind === 'corrupt') bytes = corrupted(chunk, fault.atByte - record.sentBytes);
    const room =
      fault === undefined || fault.kind === 'corrupt' ? Infinity : fault.afterBytes - record.sentBytes;
    const passed = bytes.subarray(0, room);
    await link.transfer(passed.length);
    if (answer.destroyed) return false;
    if (passed.length > 0) {
      record.sentBytes += passed.length;
      totalBytes += passed.length;
      options.onSent?.(totalBytes);
      if (!answer.write(passed)) await drained(answer);
    }
    if (passed.length === bytes.length) return true;
    // Only once the bytes before it are out: a reset takes along what still waits.
    if (fault?.kind === 'cut') answer.socket?.end();
    else if (fault?.kind === 'reset') setImmediate(() => answer.socket?.resetAndDestroy());
    else if (fault?.kind === 'stall') await once(answer, 'close');
    return false;
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return {
    address,
    url: `http://${address}`,
    requests: () => records.map((record) => ({ ...record })),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Until more can be written, or never. */
async function drained(answer: ServerResponse): Promise<void> {
  const stop = new AbortController();
  const events = ['drain', 'close'].map((name) => once(answer, name, { signal: stop.signal }));
  await Promise.race(events);
  // Those that did not come would wait as long as the answer lasts, each with its listeners.
  for (const event of events) event.catch(() => {});
  stop.abort();
}

function corrupted(chunk: Buffer, index: number): Buffer {
  const byte = chunk[index];
  if (byte === undefined) return chunk;
  const copy = Buffer.from(chunk);
  copy[index] = byte ^ 0xff;
  return copy;
}
