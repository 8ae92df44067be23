import { onTestFinished } from 'vitest';
import { openBlobFrom } from '../../src/prefetch/open-blob.ts';
import { openBlobCache, type BlobCache } from '../../src/fetch/blob-cache.ts';
import type { FetchParts, OpenBlob } from '../../src/fetch/fetch-blob.ts';
import type { BlobId } from '../../src/model/blob.ts';
import { open, plain, refer } from '../registry/sample.ts';
import { type FaultProxy, type FaultProxyOptions, startFaultProxy } from '../support/fault-proxy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export interface DownloadScene {
  readonly cache: BlobCache;
  readonly proxy: FaultProxy;
  readonly parts: FetchParts;
  openOf(blob: BlobId): OpenBlob;
  /** Of bodies, that the proxy has sent. */
  sentBytes(): number;
}

export const never = new AbortController().signal;

/** A cache in a folder of its own, and the registry client before a fault proxy before `upstreamUrl`; ended with the test. */
export async function makeDownloadScene(
  upstreamUrl: string,
  options: FaultProxyOptions & { readonly folderPath?: string; readonly parts?: Partial<FetchParts> } = {},
): Promise<DownloadScene> {
  const folder = await temporaryFolder();
  const proxy = await startFaultProxy(upstreamUrl, options);
  const { registry } = open();
  onTestFinished(async () => {
    await proxy.stop();
    await folder[Symbol.asyncDispose]();
  });
  const cache = await openBlobCache(options.folderPath ?? `${folder.path}/cache`);
  return {
    cache,
    proxy,
    parts: { cache, ...quickParts, ...options.parts },
    openOf: (blob) => openBlobFrom(registry, refer(proxy.address), blob, plain),
    sentBytes: () => proxy.requests().reduce((sum, request) => sum + request.sentBytes, 0),
  };
}

/** Four tries, and no waiting between them. */
const quickParts = {
  stallMs: 5_000,
  delayAfter: (failure, tried) => (failure.retry && tried < 4 ? (failure.retryAfterMs ?? 0) : undefined),
  pause: async () => {},
  now: () => performance.now(),
} satisfies Omit<FetchParts, 'cache'>;
