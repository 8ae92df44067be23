import type { Progress } from '../fetch/tally.ts';
import type { Digest } from '../model/digest.ts';
import { asFailure, Failure } from '../model/failure.ts';
import type { Want } from '../plan/want.ts';
import { nextPull } from '../plan/next-pull.ts';
import { storeSync } from '../store/sync-store.ts';
import type { Pull } from './make-plan.ts';
import { noteImports } from './unsettled.ts';

export type PullEvent =
  | { readonly kind: 'started'; readonly pull: Pull }
  /** Of all pulls together, from the mirror's downloads. */
  | ({ readonly kind: 'progress' } & Progress)
  /** Of one that skopeo fetches by itself. */
  | { readonly kind: 'bytes'; readonly pull: Pull; readonly bytesDone: number }
  | { readonly kind: 'pulled'; readonly pull: Pull }
  | { readonly kind: 'failed'; readonly pull: Pull; readonly failure: Failure };

export interface PullResult {
  readonly want: Want;
  /** Absent where the image is now present. */
  readonly failure?: Failure;
}

/** Writes one image into the store and checks what is there then; `onBytes` hears how much has been downloaded. */
export type ImportPull = (
  pull: Pull,
  signal: AbortSignal,
  onBytes: (bytesDone: number) => void,
) => Promise<void>;

export interface Importer {
  readonly importPull: ImportPull;
  /** The disk has the image: what brought it is not needed any more. */
  readonly release?: (pull: Pull) => Promise<void>;
}

/** Measured: two at once are faster than one; eight are slower, as skopeo unpacks under the store's own lock. */
export const pullsAtOnce = 2;

/**
 * Pulls images, two at once and never two that share a layer which is still missing; each is pulled once the disk has it. One that
 * fails does not stop the others, but a full disk and a cancel stop what has not begun.
 */
export async function pullImages(
  pulls: readonly Pull[],
  storePath: string,
  { importPull, release }: Importer,
  signal: AbortSignal,
  onEvent: (event: PullEvent) => void,
): Promise<PullResult[]> {
  const waiting = [...pulls];
  const running = new Map<Pull, Promise<void>>();
  const sync = storeSync(storePath);
  const syncing: Promise<void>[] = [];
  const arrived = new Set<Digest>();
  const results: PullResult[] = [];
  const settled = await noteImports(
    storePath,
    pulls.map(({ want }) => want.storeName),
  );
  let isSettled = true;

  const run = async (pull: Pull): Promise<void> => {
    onEvent({ kind: 'started', pull });
    try {
      await importPull(pull, signal, (bytesDone) => onEvent({ kind: 'bytes', pull, bytesDone }));
      for (const digest of pull.missing) arrived.add(digest);
      // Others are imported meanwhile.
      syncing.push(end(pull));
    } catch (error) {
      fail(pull, asFailure(error));
    } finally {
      running.delete(pull);
    }
  };
  const end = async (pull: Pull): Promise<void> => {
    try {
      await sync(signal).catch((error: unknown) => {
        isSettled = false;
        throw error;
      });
      await release?.(pull);
      results.push({ want: pull.want });
      onEvent({ kind: 'pulled', pull });
    } catch (error) {
      fail(pull, asFailure(error));
    }
  };
  const fail = (pull: Pull, failure: Failure): void => {
    results.push({ want: pull.want, failure });
    onEvent({ kind: 'failed', pull, failure });
    // No other image would fare better.
    if (failure.code === 'NoSpace' || failure.code === 'Cancelled') {
      for (const rest of waiting.splice(0)) fail(rest, notBegun(failure));
    }
  };

  for (;;) {
    if (signal.aborted) {
      for (const pull of waiting.splice(0))
        fail(pull, new Failure('Cancelled', 'cancelled before it was begun'));
    }
    const next = running.size < pullsAtOnce ? nextPull(waiting, [...running.keys()], arrived) : undefined;
    if (next !== undefined) {
      waiting.splice(waiting.indexOf(next), 1);
      running.set(next, run(next));
    } else if (running.size > 0) {
      await Promise.race(running.values());
    } else {
      await Promise.all(syncing);
      if (isSettled) await settled();
      return results;
    }
  }
}

function notBegun(cause: Failure): Failure {
  return new Failure(cause.code, `not begun; ${cause.message}`, { cause });
}
