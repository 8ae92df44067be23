import type { BlobId } from '../model/blob.ts';
import type { Digest } from '../model/digest.ts';
import { asFailure, Failure } from '../model/failure.ts';
import { fetchBlob, type BlobEvent, type FetchParts, type OpenBlob } from './fetch-blob.ts';
import { runAdaptively } from './run-adaptively.ts';
import { createTally, type Progress } from './tally.ts';

export interface WantedBlob extends BlobId {
  readonly open: OpenBlob;
}

export type FetchEvent =
  | ({ readonly kind: 'progress' } & Progress)
  /** The whole blob is there. Told of those, too, that were there at the start. */
  | { readonly kind: 'fetched'; readonly digest: Digest }
  | { readonly kind: 'failed'; readonly digest: Digest; readonly failure: Failure }
  | ({ readonly digest: Digest } & Extract<BlobEvent, { kind: 'retry' }>);

export interface FetchSummary {
  /** Blobs that could not be had, with why. */
  readonly failed: ReadonlyMap<Digest, Failure>;
  /** Over the wire. */
  readonly receivedBytes: number;
}

/** These end the whole: no other blob could be had either. */
const endsAll: ReadonlySet<Failure['code']> = new Set(['NoSpace', 'Cancelled', 'Internal']);
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
  const tally = createTally([...missing.values()], parts.now);
  const failed = new Map<Digest, Failure>();
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  let overload = false;
  let fatal: Failure | undefined;

  const onBlobEvent = (digest: Digest, event: BlobEvent): void => {
    if (event.kind === 'bytes') {
      tally.add(digest, event);
      return;
    }
    // A server says so by 429 or 503, and how long it wants to be left alone.
    overload ||= event.failure.retryAfterMs !== undefined;
    onEvent({ ...event, digest });
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
  const measure = (): { receivedBytes: number; overload: boolean } => {
    const measured = { receivedBytes: tally.receivedBytes(), overload };
    overload = false;
    return measured;
  };
  const tell = (): void => onEvent({ kind: 'progress', ...tally.progress() });

  const timer = setInterval(tell, tellMs);
  try {
    const jobs = [...missing.values()].map((blob) => () => fetchOne(blob));
    await runAdaptively(jobs, measure, both);
    tell();
  } finally {
    clearInterval(timer);
  }
  if (fatal === undefined && signal.aborted) fatal = new Failure('Cancelled', 'the download was cancelled');
  if (fatal !== undefined) throw fatal;
  return { failed, receivedBytes: tally.receivedBytes() };
}
