import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Served {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** What was asked, in order: `GET /v2/... AUTHORIZATION`. */
  readonly asked: string[];
  readonly requests: IncomingMessage[];
}

/** A server on loopback that ends with the test. */
export async function serve(listener: RequestListener, tls?: ServerOptions): Promise<Served> {
  const asked: string[] = [];
  const requests: IncomingMessage[] = [];
  const record: RequestListener = (request, response) => {
    const { authorization } = request.headers;
    asked.push(`${request.method} ${request.url}${authorization === undefined ? '' : ` ${authorization}`}`);
    requests.push(request);
    listener(request, response);
  };
  const server: Server = tls === undefined ? createServer(record) : createTlsServer(tls, record);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked, requests };
}
