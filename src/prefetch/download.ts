import type { FetchParts } from '../fetch/fetch-blob.ts';
import { type FetchEvent, startFetch, type WantedBlob } from '../fetch/fetch-blobs.ts';
import type { Span } from '../fetch/mirror-image.ts';
import type { Progress } from '../fetch/tally.ts';
import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';

/** The download of a run, as those see it who wait for what it brings. */
export interface Download {
  add(blob: WantedBlob, first?: boolean): void;
  /** Whether it was asked for. */
  isKnown(digest: Digest): boolean;
  /** Whether the whole blob has come. */
  isThere(digest: Digest): boolean;
  /** Bytes as they come, of a blob that is asked for with it if nobody has; undefined where it came and is no longer there. */
  follow(blob: WantedBlob, span: Span, signal: AbortSignal): Promise<AsyncIterable<Buffer> | undefined>;
  /** Why one of these cannot be had. */
  failureOf(digests: Iterable<Digest>): Failure | undefined;
  /** No more will be asked for. Resolves when all is there or has failed. */
  end(): Promise<void>;
}

export interface DownloadHooks {
  readonly onProgress: (progress: Progress) => void;
  /** A blob cannot be had, or nothing more at all. */
  readonly onFailure: () => void;
}

interface Arrival {
  /** The cache can be read. */
  readonly begun: PromiseWithResolvers<void>;
  isThere: boolean;
  failure?: Failure;
}

export function startDownload(parts: FetchParts, signal: AbortSignal, hooks: DownloadHooks): Download {
  const arrivals = new Map<Digest, Arrival>();
  let broken: Failure | undefined;
  const fail = (arrival: Arrival, failure: Failure): void => {
    arrival.failure ??= failure;
    arrival.begun.reject(failure);
  };
  const onEvent = (event: FetchEvent): void => {
    if (event.kind === 'progress') return hooks.onProgress(event);
    if (event.kind === 'broken') {
      broken = event.failure;
      for (const arrival of arrivals.values()) if (!arrival.isThere) fail(arrival, event.failure);
      return hooks.onFailure();
    }
    const arrival = arrivals.get(event.digest);
    if (arrival === undefined) return;
    if (event.kind === 'failed') {
      fail(arrival, event.failure);
      return hooks.onFailure();
    }
    if (event.kind === 'fetched') arrival.isThere = true;
    if (event.kind !== 'retry') arrival.begun.resolve();
  };
  const fetch = startFetch(parts, signal, onEvent);

  const add = (blob: WantedBlob, first?: boolean): Arrival => {
    const known = arrivals.get(blob.digest);
    if (known !== undefined) return known;
    const arrival: Arrival = { begun: Promise.withResolvers(), isThere: false };
    // Told to whoever waits for it; that may be nobody.
    arrival.begun.promise.catch(() => {});
    arrivals.set(blob.digest, arrival);
    if (broken === undefined) fetch.add(blob, first);
    else fail(arrival, broken);
    return arrival;
  };
  return {
    add,
    isKnown: (digest) => arrivals.has(digest),
    isThere: (digest) => arrivals.get(digest)?.isThere === true,
    async follow(blob, span, asked) {
      const arrival = add(blob, true);
      if (arrival.failure !== undefined) throw arrival.failure;
      if (arrival.isThere) return (await parts.cache.read(blob.digest, span))?.body;
      return bytes();
      async function* bytes(): AsyncGenerator<Buffer> {
        await unless(arrival.begun.promise, asked);
        const found = await parts.cache.read(blob.digest, span);
        if (found === undefined) throw new Failure('Transient', `${blob.digest}: removed while it was read`);
        yield* found.body;
      }
    },
    failureOf(digests) {
      for (const digest of digests) {
        const failure = arrivals.get(digest)?.failure;
        if (failure !== undefined) return failure;
      }
      return broken;
    },
    end: async () => void (await fetch.end()),
  };
}

/** @throws Failure `Cancelled` when the signal aborts before */
async function unless(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const left = Promise.withResolvers<never>();
  const onAbort = (): void => left.reject(new Failure('Cancelled', 'nobody asks for it any more'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (signal.aborted) onAbort();
    await Promise.race([promise, left.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
