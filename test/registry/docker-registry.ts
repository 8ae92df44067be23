import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { configText, imageText, imageType, layer, layerDescriptor, sha256 } from './sample.ts';

const program = 'docker-registry';

export interface DockerRegistry {
  readonly host: string;
  stop(): Promise<void>;
}

/**
 * The real docker-registry on loopback, ready when this returns, ended with the test.
 * @param data folder of its blobs
 * @param settings JSON, which is YAML, added to its configuration: `auth`, `http.tls`
 */
export async function startDockerRegistry(
  data: string,
  settings: { readonly auth?: object; readonly tls?: object; readonly port?: number } = {},
): Promise<DockerRegistry> {
  const { auth, tls, port = 0 } = settings;
  const config = join(data, '..', `registry-${Math.random()}.yml`);
  const document = {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: data } },
    http: { addr: `127.0.0.1:${port}`, secret: 'x', ...(tls === undefined ? {} : { tls }) },
    ...(auth === undefined ? {} : { auth }),
  };
  await writeFile(config, JSON.stringify(document));
  const child = spawn(program, ['serve', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(stop);
  child.stdout.resume();
  const lines: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    lines.push(line);
    const host = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
    if (host === undefined) continue;
    child.stderr.resume();
    return { host, stop };
  }
  throw new Error(`docker-registry did not start:\n${lines.join('\n')}`);
}

/** Puts the sample image as `app:1` into a registry, by skopeo. */
export async function pushSample(folder: string, host: string, argv: readonly string[] = []): Promise<void> {
  const layout = join(folder, 'layout');
  const blobs: (string | Buffer)[] = [configText, imageText, layer];
  await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
  for (const blob of blobs) await writeFile(join(layout, 'blobs', sha256(blob).replace(':', '/')), blob);
  const entry = { mediaType: imageType, digest: sha256(imageText), size: imageText.length };
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  const { exitCode, stderr } = await runProgram('skopeo', [
    'copy',
    '--quiet',
    '--insecure-policy',
    '--preserve-digests',
    ...argv,
    `oci:${layout}`,
    `docker://${host}/app:1`,
  ]);
  if (exitCode !== 0) throw new Error(stderr);
}

/** Where docker-registry keeps a blob. */
export function blobPath(data: string, digest: string = layerDescriptor.digest): string {
  const hex = digest.slice('sha256:'.length);
  return join(data, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
}
