import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runProgram } from '../../src/system/run-program.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface RegistryOptions {
  /** Everyone must log in with it. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Serves HTTPS; with `clientCaPath` to those alone whose certificate that authority signed. See certificates.ts. */
  readonly tls?: {
    readonly certificatePath: string;
    readonly keyPath: string;
    readonly clientCaPath?: string;
  };
  /** Where the blobs are kept; unless given a folder of its own that goes away with it. */
  readonly storagePath?: string;
  /** A registry's URL: this one is its pull-through cache. */
  readonly proxyOf?: string;
  /** Whether manifests and blobs can be deleted; they can unless it is false. */
  readonly deleteEnabled?: boolean;
}

export interface RegistryRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Of the answer's body. */
  readonly sizeBytes: number;
}

export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:PORT`, as image references begin. */
  readonly address: string;
  readonly url: string;
  /** `HEX[0..2]/HEX/data` below it is each blob of sha256. */
  readonly blobsPath: string;
  /** What was asked of it, in the order of the answers' ends. */
  requests(): readonly RegistryRequest[];
  stop(): Promise<void>;
}

/**
 * Runs the real docker-registry on a free port of loopback; it answers once this returns.
 * @throws Error with what it said where it does not start.
 */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const folder = await temporaryFolder();
  const storagePath = options.storagePath ?? join(folder.path, 'storage');
  await mkdir(storagePath, { recursive: true });
  const configPath = join(folder.path, 'config.json');
  const auth = options.login === undefined ? {} : { auth: await basicAuth(folder.path, options.login) };
  // JSON is YAML, which is what it reads.
  await writeFile(configPath, JSON.stringify({ ...configuration(options, storagePath), ...auth }));

  const child = spawn('docker-registry', ['serve', configPath], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
  });
  const exited = once(child, 'exit');
  const requests: RegistryRequest[] = [];
  const said: string[] = [];
  const address = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    const lines = createInterface({ input: child.stderr });
    lines.on('line', (line) => {
      said.push(line);
      const entry = parseLog(line);
      if (entry === undefined) return;
      if (entry.kind === 'listening') resolve(entry.address);
      else requests.push(entry.request);
    });
    lines.once('close', () => reject(new Error(`docker-registry ended: ${said.slice(-5).join('\n')}`)));
  });

  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return {
    address,
    url: `${options.tls === undefined ? 'http' : 'https'}://${address}`,
    blobsPath: join(storagePath, 'docker', 'registry', 'v2', 'blobs', 'sha256'),
    requests: () => [...requests],
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function configuration(options: RegistryOptions, storagePath: string): object {
  const { tls, proxyOf } = options;
  const clientCas = tls?.clientCaPath === undefined ? {} : { clientcas: [tls.clientCaPath] };
  return {
    version: '0.1',
    log: { level: 'info', formatter: 'json', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storagePath },
      delete: { enabled: options.deleteEnabled ?? true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: {
      // The port is the kernel's choice, and the log says which.
      addr: '127.0.0.1:0',
      ...(tls === undefined
        ? {}
        : { tls: { certificate: tls.certificatePath, key: tls.keyPath, ...clientCas } }),
    },
    ...(proxyOf === undefined ? {} : { proxy: { remoteurl: proxyOf } }),
  };
}

async function basicAuth(folder: string, login: { user: string; password: string }): Promise<object> {
  const made = await runProgram('htpasswd', ['-inB', login.user], { input: login.password });
  if (made.exitCode !== 0) throw new Error(`htpasswd failed: ${made.stderr}`);
  const path = join(folder, 'htpasswd');
  await writeFile(path, made.stdout);
  return { htpasswd: { realm: 'test', path } };
}

type LogEntry =
  | { readonly kind: 'listening'; readonly address: string }
  | { readonly kind: 'answered'; readonly request: RegistryRequest };

/** One line of the registry's log, where it says something of use. */
function parseLog(line: string): LogEntry | undefined {
  if (!line.startsWith('{')) return undefined;
  const entry = JSON.parse(line) as Record<string, unknown>;
  const message = String(entry['msg']);
  const listening = /^listening on ([^\s,]+)/.exec(message)?.[1];
  if (listening !== undefined) return { kind: 'listening', address: listening };
  // One that needs a login is logged so first, whatever comes of it: only the answer counts.
  if (message !== 'response completed') return undefined;
  const request = {
    method: String(entry['http.request.method']),
    path: String(entry['http.request.uri']),
    status: Number(entry['http.response.status']),
    sizeBytes: Number(entry['http.response.written']),
  };
  return { kind: 'answered', request };
}
