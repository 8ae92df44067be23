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
  /** The most downloads at once. */
  readonly parallel?: number;
  /** Nothing comes for so long: the connection is given up, and another is made. */
  readonly stallMs: number;
  /** Milliseconds to wait after the `tried`th failure in a row without progress; undefined where it is the last. */
  readonly delayAfter: (failure: Failure, tried: number) => number | undefined;
  readonly pause: (delayMs: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds of a clock that never jumps: performance.now(). */
  readonly now: () => number;
}

export type BlobEvent =
  /** From now on what comes can be read in the cache. */
  | { readonly kind: 'began' }
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
  onEvent({ kind: 'began' });
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
  const servers: Servers = { avoid: new Set(), fickle: false, last: '' };
  let mismatch: Failure | undefined;
  let begunAnew = false;
  let tried = 0;
  for (;;) {
    const before = partial.sizeBytes();
    try {
      if (before < blob.sizeBytes) await receive(partial, blob, open, servers, parts, signal, onEvent);
    } catch (error) {
      const failure = asFailure(error);
      if (partial.sizeBytes() - before >= progressBytes) tried = 0;
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
      `${servers.last}, ${blob.digest}: what came is not what its digest says; the registry or a proxy is damaged`,
    );
    // Of several answers any may be wrong, one from before a power loss too: all is asked for once more.
    if (pieced && !begunAnew) begunAnew = true;
    else if (servers.avoid.has(servers.last)) throw mismatch;
    else servers.avoid.add(servers.last);
  }
}

/** What has been learnt of those that were asked. */
interface Servers {
  /** Endpoints that sent wrong bytes. */
  readonly avoid: Set<string>;
  /** Validators change from answer to answer: with one, each cut would have the whole sent again. The digest decides. */
  fickle: boolean;
  /** Endpoint of the last answer. */
  last: string;
}

/** Takes one answer, to its end. */
async function receive(
  partial: PartialBlob,
  blob: BlobId,
  open: OpenBlob,
  servers: Servers,
  { stallMs, rateLimit }: FetchParts,
  signal: AbortSignal,
  onEvent: (event: BlobEvent) => void,
): Promise<void> {
  using watch = watchStall(stallMs, signal);
  const tell = (receivedBytes: number): void =>
    onEvent({ kind: 'bytes', presentBytes: partial.sizeBytes(), receivedBytes });
  try {
    const from = partial.sizeBytes();
    const validator = servers.fickle ? undefined : partial.validator();
    const answer = await open({ from, validator, avoid: servers.avoid, signal: watch.signal });
    servers.fickle ||= validator !== undefined && answer.from === 0;
    servers.last = answer.endpoint;
    partial.begin(answer.validator);
    tell(0);
    // A server without ranges sends again what is there. That stays: its answer may break off before it has come so far.
    let knownBytes = from - answer.from;
    for await (const piece of answer.body) {
      watch.received(piece.length);
      const added = piece.subarray(Math.min(knownBytes, piece.length));
      knownBytes -= piece.length - added.length;
      if (added.length > 0) await watch.pause(partial.append(added));
      tell(piece.length);
      const allowed = rateLimit?.take(piece.length, signal);
      if (allowed !== undefined) await watch.pause(allowed);
    }
  } catch (error) {
    if (signal.aborted) throw new Failure('Cancelled', `${blob.digest}: cancelled`, { cause: error });
    if (!watch.stalled()) throw error;
    throw new Failure('TimedOut', `${blob.digest}: nothing came for ${Math.round(stallMs / 1_000)} s`, {
      cause: error,
    });
  }
}
