import { expect, test } from 'vitest';
import type { FetchParts } from '../../src/fetch/fetch-blob.ts';
import { fetchBlobs, type FetchEvent, type FetchSummary } from '../../src/fetch/fetch-blobs.ts';
import { createRateLimit } from '../../src/fetch/rate-limit.ts';
import { Failure } from '../../src/model/failure.ts';
import type { FaultProxyOptions } from '../support/fault-proxy.ts';
import { seededBytes } from '../support/image.ts';
import { type DownloadScene, makeDownloadScene, never } from './download-scene.ts';
import { blobOf, serveBlobs } from './serve-blobs.ts';

const blobs = Array.from({ length: 8 }, (_, index) => seededBytes(`${index}`, 100_000 + index));
const totalBytes = blobs.reduce((sum, { length }) => sum + length, 0);

async function makeScene(
  options: FaultProxyOptions & { parts?: Partial<FetchParts> } = {},
): Promise<DownloadScene> {
  return makeDownloadScene(await serveBlobs(blobs), options);
}

async function fetchAll(
  scene: DownloadScene,
  set: readonly Buffer[] = blobs,
  signal = never,
): Promise<{ summary: FetchSummary; events: readonly FetchEvent[] }> {
  const events: FetchEvent[] = [];
  const wanted = set.map(blobOf).map((blob) => ({ ...blob, open: scene.openOf(blob) }));
  const summary = await fetchBlobs(wanted, scene.parts, signal, (event) => events.push(event));
  return { summary, events };
}

test('each once, in their order, and the end tells all bytes', async () => {
  const scene = await makeScene();
  const { summary, events } = await fetchAll(scene, [...blobs, ...blobs]);
  expect(summary).toEqual({ failed: new Map(), receivedBytes: totalBytes });
  expect(scene.sentBytes()).toBe(totalBytes);
  const asked = scene.proxy.requests().map(({ path }) => path.split('/').at(-1));
  expect(asked).toHaveLength(blobs.length);
  // One of two at once may be slow to ask.
  for (const [index, bytes] of blobs.entries())
    expect(Math.abs(asked.indexOf(blobOf(bytes).digest) - index)).toBeLessThanOrEqual(3);
  expect(events.at(-1)).toMatchObject({
    kind: 'progress',
    doneBytes: totalBytes,
    totalBytes,
    remainingMs: 0,
  });
  const again = await fetchAll(scene);
  expect(again.summary.receivedBytes).toBe(0);
  expect(again.events.filter(({ kind }) => kind === 'fetched')).toHaveLength(blobs.length);
  expect(scene.proxy.requests()).toHaveLength(blobs.length);
});

test('progress on the way, the parts of an earlier run included', async () => {
  const scene = await makeScene({ bytesPerSecond: 800_000 });
  const stop = new AbortController();
  const wanted = blobs.map(blobOf).map((blob) => ({ ...blob, open: scene.openOf(blob) }));
  let doneBytes = 0;
  const first = fetchBlobs(wanted, scene.parts, stop.signal, (event) => {
    if (event.kind !== 'progress') return;
    doneBytes = event.doneBytes;
    expect(event.totalBytes).toBe(totalBytes);
    if (doneBytes > 0) stop.abort();
  });
  await expect(first).rejects.toMatchObject({ code: 'Cancelled' });
  expect(doneBytes).toBeLessThan(totalBytes);
  const startMs = performance.now();
  const { summary, events } = await fetchAll(scene);
  const measured = (summary.receivedBytes * 1_000) / (performance.now() - startMs);
  expect(summary.receivedBytes).toBeLessThanOrEqual(totalBytes - doneBytes);
  expect(scene.sentBytes()).toBeLessThanOrEqual(totalBytes + 2 * 64 * 1024);
  const rates = events.flatMap((event) => (event.kind === 'progress' ? [event.bytesPerSecond] : []));
  expect(rates.at(-1)).toBeGreaterThan(measured / 2);
  expect(rates.at(-1)).toBeLessThan(1_100_000);
});

test('one that cannot be had does not stop the others', async () => {
  const missing = seededBytes('missing', 5);
  const scene = await makeScene();
  const { summary, events } = await fetchAll(scene, [missing, ...blobs]);
  const { digest } = blobOf(missing);
  expect([...summary.failed]).toEqual([[digest, expect.objectContaining({ code: 'NotFound' })]]);
  expect(events).toContainEqual({ kind: 'failed', digest, failure: summary.failed.get(digest) });
  for (const bytes of blobs) expect(await scene.cache.has(blobOf(bytes).digest)).toBe(true);
});

test('no space ends all, at once', async () => {
  const scene = await makeScene({ bytesPerSecond: 100_000 });
  const full: FetchParts = {
    ...scene.parts,
    cache: {
      ...scene.cache,
      download: async (blob, signal) => {
        if (blob.digest === blobOf(blobs[1] ?? Buffer.alloc(0)).digest) throw new Failure('NoSpace', 'full');
        return scene.cache.download(blob, signal);
      },
    },
  };
  await expect(fetchAll({ ...scene, parts: full })).rejects.toMatchObject({
    code: 'NoSpace',
    message: 'full',
  });
  expect(scene.sentBytes()).toBeLessThan(totalBytes / 2);
});

test('the reason of a retry is told, and a server that asks for time gets fewer at once', async () => {
  const scene = await makeScene({
    faultOf: ({ before, path }) =>
      before === 0 && path.endsWith(blobOf(blobs[0] ?? Buffer.alloc(0)).digest)
        ? { kind: 'answer', status: 429, headers: { 'retry-after': '3' } }
        : undefined,
  });
  const { events } = await fetchAll(scene);
  expect(events.filter(({ kind }) => kind === 'retry')).toEqual([
    expect.objectContaining({
      delayMs: 3_000,
      failure: expect.objectContaining({ message: expect.stringContaining('HTTP 429') }),
    }),
  ]);
});

test('the bandwidth limit holds for all connections together', async () => {
  const rateLimit = createRateLimit(800_000, () => performance.now());
  const scene = await makeScene({ parts: { rateLimit } });
  const startMs = performance.now();
  await fetchAll(scene);
  // What a burst may catch up, and the last piece, which nothing has to wait for.
  expect(performance.now() - startMs).toBeGreaterThan(700);
});
