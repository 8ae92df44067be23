import { openBlobCache } from '../fetch/blob-cache.ts';
import { asFailure, Failure } from '../model/failure.ts';
import type { Scope } from '../model/host-agent.ts';
import type { Assessment } from '../plan/assess.ts';
import { cacheFolder } from '../prefetch/cache-folder.ts';
import type { Host } from './host.ts';
import type { HostContext } from './host-agent.ts';
import { openHostFetching } from './host-fetching.ts';
import { hostWants } from './host-wants.ts';
import type { JobContext } from './jobs.ts';
import { type ImageResult, prefetch, type PrefetchEvent } from '../prefetch/prefetch.ts';
import type { NextTry } from '../state/retries.ts';
import { keepRetained } from '../prefetch/retained.ts';
import { withRetained } from '../prefetch/retained-access.ts';

/**
 * Makes present what a scope binds, or those of its images that are named.
 * @param scheduled whether nobody waits for it: then it obeys the window, metered networks, the day's limit, and what waits or has given up
 * @returns the references that were pulled
 * @throws Failure of the first image that failed, with how many did; `NoSpace`, `Cancelled`, `Postponed`
 */
export async function prefetchScope(
  scope: Scope,
  images: readonly string[],
  context: JobContext & HostContext,
  host: Host,
  scheduled = false,
): Promise<readonly string[]> {
  const { memory } = host;
  const wants = hostWants(context.survey(), scope, images);
  await using access = wants.access;
  const waiting = scheduled ? wants.survey.assessments.filter(({ kind }) => kind !== 'present') : [];
  const postponed = waiting.flatMap((assessment) => postponedResult(assessment, host));
  const leftOut = new Set(postponed.map(({ want }) => want));
  const assessments = wants.survey.assessments.filter(({ want }) => !leftOut.has(want));
  await using control = await openHostFetching(host, scheduled);
  const signal = AbortSignal.any([context.signal, control.signal]);
  const why = (failure: Failure): Failure =>
    failure.code === 'Cancelled' && control.signal.aborted && !context.signal.aborted
      ? asFailure(control.signal.reason)
      : failure;
  const cache = await openBlobCache(cacheFolder());
  if (scope === 'all' && images.length === 0) {
    const bound = new Set(wants.survey.assessments.map(({ want }) => want.image));
    const keepsAny = host.configuration.store.retain !== 'none';
    await keepRetained(cache.folderPath, (image) => keepsAny && bound.has(image));
  }
  const retained = await withRetained(access, cache, false);
  const results = await prefetch(
    { ...wants.survey, assessments },
    retained.access,
    async () => control.fetching,
    signal,
    showProgress(context),
  ).catch((error: unknown) => {
    throw why(asFailure(error));
  });
  for (const { want, outcome, failure } of results) {
    if (failure !== undefined) await memory.failed(want.image, why(failure));
    else if (outcome === 'pulled') await memory.pulled(want.image);
  }
  const failed = [...results, ...postponed].flatMap(({ want, failure }) =>
    failure === undefined ? [] : { want, failure: why(failure) },
  );
  throwFirst(failed.map(({ failure, want }) => withTurn(failure, memory.nextTry(want.image))));
  return results.filter(({ outcome }) => outcome === 'pulled').map(({ want }) => want.image);
}

/** Left out where it has just failed, or has given up. */
function postponedResult({ want }: Assessment, { memory }: Host): ImageResult[] {
  const next = memory.nextTry(want.image);
  if (next.kind === 'now') return [];
  const when = new Date(next.untilUs / 1_000).toISOString();
  const until =
    next.kind === 'wait'
      ? `it is tried again after ${when}`
      : `it is tried again when the configuration or logins change, or after ${when}`;
  const text = `${want.image}: ${next.reason}; ${until}`;
  return [{ want, outcome: 'failed', failure: new Failure('Postponed', text) }];
}

/** With when it is tried again. */
function withTurn(failure: Failure, next: NextTry): Failure {
  if (next.kind === 'now') return failure;
  const retryAfterMs = Math.max(0, next.untilUs / 1_000 - Date.now());
  return new Failure(failure.code, failure.message, { cause: failure, retryAfterMs });
}

/** Prefetch's events as a job's progress. */
export function showProgress({
  update,
  underWay,
  bytesToFetch,
}: JobContext & HostContext): (event: PrefetchEvent) => void {
  const doneBytes = new Map<string, number>();
  let totalBytes = 0;
  /** What skopeo fetches by itself is told of image by image. */
  const count = (image: string, bytes: number): void => {
    doneBytes.set(image, bytes);
    const bytesDone = [...doneBytes.values()].reduce((total, more) => total + more, 0);
    update({ bytesDone, progress: shareOf(bytesDone, totalBytes) });
  };
  let isMirrored = false;
  return (event) => {
    switch (event.kind) {
      case 'planned':
        totalBytes = event.plan.cost.bytesToFetch;
        for (const pull of event.plan.pulls) bytesToFetch(pull.want.image, pull.bytesToFetch);
        update({ bytesTotal: totalBytes, progress: 0 });
        return;
      case 'started':
        update({ currentImage: event.pull.want.image });
        underWay(event.pull.want.image, 'fetching');
        return;
      case 'progress': {
        isMirrored = true;
        const { doneBytes: bytesDone, totalBytes: bytesTotal, bytesPerSecond } = event;
        update({ bytesDone, bytesTotal, bytesPerSecond, progress: shareOf(bytesDone, bytesTotal) });
        return;
      }
      case 'bytes':
        count(event.pull.want.image, event.bytesDone);
        return;
      case 'pulled':
        if (!isMirrored) count(event.pull.want.image, event.pull.bytesToFetch);
        underWay(event.pull.want.image, undefined);
        return;
      case 'failed':
        underWay(event.pull.want.image, undefined);
        return;
      case 'unresolved':
    }
  };
}

function shareOf(bytes: number, totalBytes: number): number {
  return totalBytes === 0 ? 0 : Math.min(1, bytes / totalBytes);
}

/** One image's failure is the job's own; of several the first is, and says how many there are. The soonest turn is the job's. */
function throwFirst(failures: readonly Failure[]): void {
  const [first] = failures;
  if (first === undefined) return;
  const more = failures.length === 1 ? '' : ` (and ${failures.length - 1} more images failed)`;
  const turns = failures.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  const soonest = turns.length === 0 ? {} : { retryAfterMs: Math.min(...turns) };
  throw new Failure(first.code, `${first.message}${more}`, { cause: first, ...soonest });
}
