import type { BlobId } from '../model/blob.ts';
import type { Digest } from '../model/digest.ts';
import { asFailure, Failure } from '../model/failure.ts';
import { fetchBlob, type BlobEvent, type FetchParts, type OpenBlob } from './fetch-blob.ts';
import { runAdaptively } from './run-adaptively.ts';
import { createTally, type Progress } from './tally.ts';

export interface WantedBlob extends BlobId {
  readonly open: OpenBlob;
  /** In place of that of all blobs: an image may say how often it is tried. */
  readonly delayAfter?: FetchParts['delayAfter'];
}

export type FetchEvent =
  | ({ readonly kind: 'progress' } & Progress)
  /** The whole blob is there. Told of those, too, that were there at the start. */
  | { readonly kind: 'fetched'; readonly digest: Digest }
  | { readonly kind: 'failed'; readonly digest: Digest; readonly failure: Failure }
  /** No other blob could be had either. */
  | { readonly kind: 'broken'; readonly failure: Failure }
  | ({ readonly digest: Digest } & Exclude<BlobEvent, { kind: 'bytes' }>);

export interface FetchSummary {
  /** Blobs that could not be had, with why. */
  readonly failed: ReadonlyMap<Digest, Failure>;
  /** Over the wire. */
  readonly receivedBytes: number;
}

/** A download of many blobs that more may join while it runs. */
export interface BlobFetch {
  /** Each digest is fetched once, however often it is asked for. @param first before those that wait */
  add(blob: WantedBlob, first?: boolean): void;
  /**
   * No more will come.
   * @throws Failure `NoSpace`, `Cancelled`, `Internal`; what fails for one blob alone is in the result
   */
  end(): Promise<FetchSummary>;
}

/** These end the whole: no other blob could be had either. */
const endsAll: ReadonlySet<Failure['code']> = new Set(['NoSpace', 'Cancelled', 'Internal']);
const tellMs = 250;

/**
 * Brings blobs into the cache, each once, in the order they are given in, as many at once as the link has a use for. Who needs them
 * afterwards pins them before.
 */
export function startFetch(
  parts: FetchParts,
  signal: AbortSignal,
  onEvent: (event: FetchEvent) => void,
): BlobFetch {
  const known = new Set<Digest>();
  const tally = createTally(parts.now);
  const failed = new Map<Digest, Failure>();
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  let overload = false;
  let fatal: Failure | undefined;

  const breakOff = (failure: Failure): void => {
    if (fatal !== undefined) return;
    fatal = failure;
    stop.abort();
    onEvent({ kind: 'broken', failure });
  };
  const onBlobEvent = (digest: Digest, event: BlobEvent): void => {
    if (event.kind === 'bytes') {
      tally.add(digest, event);
      return;
    }
    if (event.kind === 'retry')
      // A server says so by 429 or 503, and how long it wants to be left alone.
      overload ||= event.failure.retryAfterMs !== undefined;
    onEvent({ ...event, digest });
  };
  const fetchOne = async (blob: WantedBlob): Promise<void> => {
    const { digest, open, delayAfter = parts.delayAfter } = blob;
    try {
      await fetchBlob(blob, open, { ...parts, delayAfter }, both, (event) => onBlobEvent(digest, event));
      onEvent({ kind: 'fetched', digest });
    } catch (error) {
      const failure = asFailure(error);
      if (endsAll.has(failure.code)) {
        breakOff(failure);
      } else {
        failed.set(digest, failure);
        onEvent({ kind: 'failed', digest, failure });
      }
    }
  };
  const measure = (): { receivedBytes: number; overload: boolean } => {
    const measured = { receivedBytes: tally.receivedBytes(), overload };
    overload = false;
    return measured;
  };
  const tell = (): void => onEvent({ kind: 'progress', ...tally.progress() });
  const run = runAdaptively(measure, both, parts.parallel);
  const timer = setInterval(tell, tellMs);
  const onAbort = (): void => breakOff(new Failure('Cancelled', 'the download was cancelled'));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();

  return {
    add: (blob, first) => {
      if (known.has(blob.digest)) return;
      known.add(blob.digest);
      tally.expect(blob);
      run.add(() => fetchOne(blob), first);
    },
    end: async () => {
      try {
        await run.end();
        tell();
      } finally {
        clearInterval(timer);
        signal.removeEventListener('abort', onAbort);
      }
      if (fatal !== undefined) throw fatal;
      return { failed, receivedBytes: tally.receivedBytes() };
    },
  };
}

/** The same for a set that is known. */
export async function fetchBlobs(
  wanted: readonly WantedBlob[],
  parts: FetchParts,
  signal: AbortSignal,
  onEvent: (event: FetchEvent) => void,
): Promise<FetchSummary> {
  await using _pin = await parts.cache.pin(wanted.map(({ digest }) => digest));
  const fetch = startFetch(parts, signal, onEvent);
  for (const blob of wanted) fetch.add(blob);
  return fetch.end();
}
