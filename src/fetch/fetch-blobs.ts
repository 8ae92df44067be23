import type { BlobId } from '../model/blob.ts';
import type { Digest } from '../model/digest.ts';
import { asFailure, Failure } from '../model/failure.ts';
import { fetchBlob, type BlobEvent, type FetchParts, type OpenBlob } from './fetch-blob.ts';
import { adaptParallelism, firstParallelism, sampleMs } from './parallelism.ts';
import { createRateMeter, remainingMs } from './rate-meter.ts';

export interface WantedBlob extends BlobId {
  readonly open: OpenBlob;
}

export type FetchEvent =
  | {
      readonly kind: 'progress';
      /** Of the blobs that were missing at the start. */
      readonly doneBytes: number;
      readonly totalBytes: number;
      /** Over the wire, of all of them. */
      readonly bytesPerSecond: number;
      /** Absent while nothing comes. */
      readonly remainingMs?: number;
    }
  /** The whole blob is there. Told of those, too, that were there at the start. */
  | { readonly kind: 'fetched'; readonly digest: Digest }
  | { readonly kind: 'failed'; readonly digest: Digest; readonly failure: Failure }
  | {
      readonly kind: 'retry';
      readonly digest: Digest;
      readonly failure: Failure;
      readonly delayMs: number;
    };

export interface FetchSummary {
  /** Blobs that could not be had, with why. */
  readonly failed: ReadonlyMap<Digest, Failure>;
  /** Over the wire. */
  readonly receivedBytes: number;
}

/** These end the whole: no other blob could be had either. */
const endsAll: ReadonlySet<Failure['code']> = new Set([
  'NoSpace',
  'Cancelled',
  'Internal',
  'BadConfiguration',
]);
const tellMs = 250;

/**
 * Brings blobs into the cache, each once, in the order they are given in, as many at once as the link has a use for. They are pinned
 * while it runs; who needs them afterwards pins them before.
 * @throws Failure `NoSpace`, `Cancelled`, `Internal`; what fails for one blob alone is in the result
 */
export async function fetchBlobs(
  wanted: readonly WantedBlob[],
  parts: FetchParts,
  signal: AbortSignal,
  onEvent: (event: FetchEvent) => void,
): Promise<FetchSummary> {
  await using _pin = await parts.cache.pin(wanted.map(({ digest }) => digest));
  const missing = new Map<Digest, WantedBlob>();
  for (const blob of wanted) {
    if (await parts.cache.has(blob.digest)) onEvent({ kind: 'fetched', digest: blob.digest });
    else if (!missing.has(blob.digest)) missing.set(blob.digest, blob);
  }
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const meter = createRateMeter(parts.now);
  const waiting = [...missing.values()];
  const totalBytes = waiting.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const present = new Map<Digest, number>();
  const failed = new Map<Digest, Failure>();
  const all = Promise.withResolvers<void>();
  let [doneBytes, receivedBytes, sampledBytes, running] = [0, 0, 0, 0];
  let parallelism = firstParallelism;
  let overloaded = false;
  let full = false;
  let fatal: Failure | undefined;

  const onBlobEvent = (digest: Digest, event: BlobEvent): void => {
    if (event.kind === 'retry') {
      // A server says so by 429 or 503, and how long it wants to be left alone.
      overloaded ||= event.failure.retryAfterMs !== undefined;
      onEvent({ ...event, digest });
      return;
    }
    doneBytes += event.presentBytes - (present.get(digest) ?? 0);
    present.set(digest, event.presentBytes);
    receivedBytes += event.receivedBytes;
    meter.add(event.receivedBytes);
  };
  const fetchOne = async (blob: WantedBlob): Promise<void> => {
    const { digest } = blob;
    try {
      await fetchBlob(blob, blob.open, parts, both, (event) => onBlobEvent(digest, event));
      onEvent({ kind: 'fetched', digest });
    } catch (error) {
      const failure = asFailure(error);
      if (endsAll.has(failure.code)) {
        fatal ??= failure;
        stop.abort();
      } else {
        failed.set(digest, failure);
        onEvent({ kind: 'failed', digest, failure });
      }
    }
  };
  const refill = (): void => {
    running -= 1;
    fill();
  };
  const fill = (): void => {
    while (running < parallelism.count && !both.aborted) {
      const blob = waiting.shift();
      if (blob === undefined) break;
      running += 1;
      fetchOne(blob).then(refill, all.reject);
    }
    full &&= running === parallelism.count;
    if (running === 0) all.resolve();
  };
  const sample = (): void => {
    const bytesPerSecond = ((receivedBytes - sampledBytes) * 1_000) / sampleMs;
    sampledBytes = receivedBytes;
    if (overloaded) parallelism = adaptParallelism(parallelism, { kind: 'overload' });
    else if (full && waiting.length > 0)
      parallelism = adaptParallelism(parallelism, { kind: 'rate', bytesPerSecond });
    overloaded = false;
    full = true;
    fill();
  };
  const tell = (): void => {
    const rate = meter.read();
    const leftMs = remainingMs(totalBytes - doneBytes, rate);
    onEvent({
      kind: 'progress',
      doneBytes,
      totalBytes,
      bytesPerSecond: Math.round(rate),
      ...(leftMs === undefined ? {} : { remainingMs: leftMs }),
    });
  };

  const timers = [setInterval(sample, sampleMs), setInterval(tell, tellMs)];
  try {
    fill();
    await all.promise;
    tell();
  } finally {
    timers.forEach(clearInterval);
  }
  if (fatal === undefined && signal.aborted) fatal = new Failure('Cancelled', 'the download was cancelled');
  if (fatal !== undefined) throw fatal;
  return { failed, receivedBytes };
}
