import type { BlobId, OpenedBlob, Validator } from '../model/blob.ts';
import { asFailure, Failure } from '../model/failure.ts';
import type { BlobCache } from './blob-cache.ts';
import type { PartialBlob } from './partial-blob.ts';
import type { RateLimit } from './rate-limit.ts';
import { watchStall } from './watch-stall.ts';

/** Asks a blob's servers for it, once each, from an offset on. Throws Failure. */
export type OpenBlob = (question: {
  readonly from: number;
  /** Of the bytes before it. */
  readonly validator: Validator | undefined;
  /** Endpoints that sent wrong bytes. */
  readonly avoid: ReadonlySet<string>;
  readonly signal: AbortSignal;
}) => Promise<OpenedBlob>;

export interface FetchParts {
  readonly cache: BlobCache;
  readonly rateLimit?: RateLimit | undefined;
  /** Nothing comes for so long: the connection is given up, and another is made. */
  readonly stallMs: number;
  /** Milliseconds to wait after the `tried`th failure in a row without progress; undefined where it is the last. */
  readonly delayAfter: (failure: Failure, tried: number) => number | undefined;
  readonly pause: (delayMs: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds of a clock that never jumps: performance.now(). */
  readonly now: () => number;
}

export type BlobEvent =
  /** So many bytes of it are there, of which so many have just come over the wire. */
  | { readonly kind: 'bytes'; readonly presentBytes: number; readonly receivedBytes: number }
  | { readonly kind: 'retry'; readonly failure: Failure; readonly delayMs: number };

/** Fewer are no progress, or a server that cuts after each byte would be asked a million times. */
const progressBytes = 64 * 1024;

/**
 * Brings one blob into the cache. A connection that breaks goes on where it stopped, so that tries are counted between bytes of
 * progress, not for the blob.
 * @throws Failure of the last try; `DigestMismatch` where no server has the right bytes
 */
export async function fetchBlob(
  blob: BlobId,
  open: OpenBlob,
  parts: FetchParts,
  signal: AbortSignal,
  onEvent: (event: BlobEvent) => void,
): Promise<void> {
  const partial = await parts.cache.download(blob, signal);
  if (partial === undefined) {
    onEvent({ kind: 'bytes', presentBytes: blob.sizeBytes, receivedBytes: 0 });
    return;
  }
  try {
    await fetchInto(partial, blob, open, parts, signal, onEvent);
  } catch (error) {
    const failure = asFailure(error);
    await partial.abandon(failure);
    throw failure;
  }
}

async function fetchInto(
  partial: PartialBlob,
  blob: BlobId,
  open: OpenBlob,
  parts: FetchParts,
  signal: AbortSignal,
  onEvent: (event: BlobEvent) => void,
): Promise<void> {
  const avoid = new Set<string>();
  let mismatch: Failure | undefined;
  let begunAnew = false;
  let tried = 0;
  let endpoint = '';
  for (;;) {
    const received = { bytes: 0 };
    try {
      if (partial.sizeBytes() < blob.sizeBytes)
        endpoint = await receive(partial, blob, { open, avoid }, parts, signal, (event) => {
          received.bytes += event.receivedBytes;
          onEvent(event);
        });
    } catch (error) {
      const failure = asFailure(error);
      if (received.bytes >= progressBytes) tried = 0;
      tried += 1;
      const delayMs = signal.aborted ? undefined : parts.delayAfter(failure, tried);
      if (delayMs === undefined) throw failure.code === 'Cancelled' ? failure : (mismatch ?? failure);
      onEvent({ kind: 'retry', failure, delayMs });
      await parts.pause(delayMs, signal);
      continue;
    }
    const pieced = partial.isPieced();
    if (await partial.finish()) return;
    onEvent({ kind: 'bytes', presentBytes: 0, receivedBytes: 0 });
    mismatch = new Failure(
      'DigestMismatch',
      `${endpoint}, ${blob.digest}: what came is not what its digest says; the registry or a proxy is damaged`,
    );
    // Of several answers any may be wrong, one from before a power loss too: all is asked for once more.
    if (pieced && !begunAnew) begunAnew = true;
    else if (avoid.has(endpoint)) throw mismatch;
    else avoid.add(endpoint);
  }
}

/** One answer, from where the file ends. @returns the endpoint that gave it */
async function receive(
  partial: PartialBlob,
  blob: BlobId,
  { open, avoid }: { readonly open: OpenBlob; readonly avoid: ReadonlySet<string> },
  { stallMs, rateLimit, now }: FetchParts,
  signal: AbortSignal,
  onBytes: (event: Extract<BlobEvent, { kind: 'bytes' }>) => void,
): Promise<string> {
  using watch = watchStall(stallMs, signal, now);
  const tell = (receivedBytes: number): void =>
    onBytes({ kind: 'bytes', presentBytes: partial.sizeBytes(), receivedBytes });
  try {
    const from = partial.sizeBytes();
    const validator = partial.validator();
    const answer = await open({ from, validator, avoid, signal: watch.signal });
    try {
      // A server whose validators change from answer to answer would else have every cut begin at zero: the digest decides.
      const fickle = validator !== undefined && answer.from === 0;
      await watch.pause(partial.begin(answer.from, fickle ? undefined : answer.validator));
    } catch (error) {
      await answer.discard();
      throw error;
    }
    tell(0);
    for await (const piece of answer.body) {
      watch.received(piece.length);
      const written = partial.append(piece);
      tell(piece.length);
      if (written !== undefined) await watch.pause(written);
      const allowed = rateLimit?.take(piece.length, signal);
      if (allowed !== undefined) await watch.pause(allowed);
    }
    return answer.endpoint;
  } catch (error) {
    if (signal.aborted) throw new Failure('Cancelled', `${blob.digest}: cancelled`, { cause: error });
    if (!watch.stalled()) throw error;
    throw new Failure('TimedOut', `${blob.digest}: nothing came for ${Math.round(stallMs / 1_000)} s`, {
      cause: error,
    });
  }
}
