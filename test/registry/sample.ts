import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import type { Digest } from '../../src/model/digest.ts';
import type { Descriptor } from '../../src/model/manifest.ts';
import type { Reference } from '../../src/model/reference.ts';
import { defaultLimits, type RegistryLimits } from '../../src/registry/limits.ts';
import { emptyRegistriesConf } from '../../src/registry/parse-registries-conf.ts';
import { createRegistry, type Registry, type RegistryParts } from '../../src/registry/registry.ts';

export const imageType = 'application/vnd.oci.image.manifest.v1+json';
export const indexType = 'application/vnd.oci.image.index.v1+json';
export const platform = { os: 'linux', architecture: 'amd64' };

export function sha256(bytes: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

export function describe(mediaType: string, bytes: string | Uint8Array): Descriptor {
  return { mediaType, digest: sha256(bytes), sizeBytes: Buffer.byteLength(bytes), annotations: {} };
}

function written({ mediaType, digest, sizeBytes }: Descriptor): object {
  return { mediaType, digest, size: sizeBytes };
}

export const layer = Buffer.alloc(300_000, 'layer');
export const configText = JSON.stringify({
  os: 'linux',
  architecture: 'amd64',
  config: { Labels: { version: '1' } },
  rootfs: { type: 'layers', diff_ids: [sha256('x')] },
});
export const layerDescriptor = describe('application/vnd.oci.image.layer.v1.tar+gzip', layer);
export const imageText = JSON.stringify({
  schemaVersion: 2,
  mediaType: imageType,
  config: written(describe('application/vnd.oci.image.config.v1+json', configText)),
  layers: [written(layerDescriptor)],
  annotations: { a: 'b' },
});
export const indexText = JSON.stringify({
  schemaVersion: 2,
  mediaType: indexType,
  manifests: [
    { ...written(describe(imageType, 'other')), platform: { os: 'linux', architecture: 's390x' } },
    { ...written(describe(imageType, imageText)), platform },
  ],
});

/** Answers for the repository `app`: `app:1` is an image, `app:all` an index of it. */
export const answerSample: RequestListener = (request, response) =>
  answerPath(request.url ?? '', request, response);

/** The same for a request that was meant for another path. */
export function answerPath(url: string, request: IncomingMessage, response: ServerResponse): void {
  const manifests: Record<string, [string, string]> = {
    '1': [imageType, imageText],
    all: [indexType, indexText],
    [sha256(imageText)]: [imageType, imageText],
    [sha256(indexText)]: [indexType, indexText],
  };
  const manifest = manifests[/\/manifests\/(.*)$/.exec(url)?.[1] ?? ''];
  const blobs: Record<string, string | Buffer> = {
    [sha256(configText)]: configText,
    [layerDescriptor.digest]: layer,
  };
  const blob = blobs[/\/blobs\/(.*)$/.exec(url)?.[1] ?? ''];
  if (manifest !== undefined) {
    response.setHeader('content-type', manifest[0]);
    response.setHeader('docker-content-digest', sha256(manifest[1]));
    response.end(request.method === 'HEAD' ? undefined : manifest[1]);
  } else if (blob !== undefined) {
    sendRange(response, Buffer.from(blob), request.headers.range);
  } else {
    fail(response, 404, 'MANIFEST_UNKNOWN');
  }
}

export function fail(response: ServerResponse, status: number, code = 'UNKNOWN', headers = {}): void {
  response.writeHead(status, headers);
  response.end(JSON.stringify({ errors: [{ code, message: 'SECRET of the server' }] }));
}

function sendRange(response: ServerResponse, bytes: Buffer, range: string | undefined): void {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  if (first === undefined) {
    response.end(bytes);
    return;
  }
  const part = bytes.subarray(Number(first), Number(last) + 1);
  response.writeHead(206, { 'content-range': `bytes ${first}-${last}/${bytes.length}` });
  response.end(part);
}

export function refer(host: string, rest = 'app:1'): Reference {
  const [, path = '', tag, digest] = /^(.*?)(?::([^@]*))?(?:@(.*))?$/.exec(rest) ?? [];
  return {
    text: `${host}/${rest}`,
    domain: host,
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest: digest as Digest }),
  };
}

/** A client that waits for nothing and trusts every host, and the delays that it would have waited. */
export function open(
  parts: Partial<RegistryParts> = {},
  limits: Partial<RegistryLimits> = {},
): { registry: Registry; delays: number[] } {
  const delays: number[] = [];
  const registry = createRegistry(
    {
      config: emptyRegistriesConf,
      credentials: async () => undefined,
      certificates: async () => ({ authorities: [], identities: [] }),
      userAgent: 'test/1',
      env: {},
      random: () => 0,
      pause: async (delayMs) => void delays.push(delayMs),
      ...parts,
    },
    { ...defaultLimits, ...limits },
  );
  onTestFinished(() => registry.close());
  return { registry, delays };
}

/** Everything that is reached without TLS. */
export const plain = { tlsVerify: false } as const;
