import { Failure } from '../model/failure.ts';
import type { Scope } from '../model/host-agent.ts';
import type { HostContext } from './host-agent.ts';
import { hostWants } from './host-wants.ts';
import type { JobContext } from './jobs.ts';
import { type ImageResult, prefetch, type PrefetchEvent } from './prefetch.ts';

/** Where the result of each image is kept. */
export interface Records {
  readonly pulled: (reference: string) => Promise<void>;
  readonly verified: (reference: string) => Promise<void>;
  readonly failed: (reference: string, failure: Failure) => Promise<void>;
}

/**
 * Makes present what a scope binds, or those of its images that are named.
 * @returns the references that were pulled
 * @throws Failure of the first image that failed, with how many did; `NoSpace`, `Cancelled`
 */
export async function prefetchScope(
  scope: Scope,
  images: readonly string[],
  context: JobContext & HostContext,
  records: Records,
): Promise<readonly string[]> {
  const wants = hostWants(context.survey(), scope, images);
  await using access = wants.access;
  const results = await prefetch(wants.survey, access, context.signal, showProgress(context));
  for (const { want, outcome, failure } of results) {
    if (failure !== undefined) await records.failed(want.image, failure);
    else if (outcome === 'pulled') await records.pulled(want.image);
  }
  throwFirst(results);
  return results.filter(({ outcome }) => outcome === 'pulled').map(({ want }) => want.image);
}

/** Prefetch's events as a job's progress. */
export function showProgress({
  update,
  underWay,
  bytesToFetch,
}: JobContext & HostContext): (event: PrefetchEvent) => void {
  const doneBytes = new Map<string, number>();
  let totalBytes = 0;
  const count = (image: string, bytes: number): void => {
    doneBytes.set(image, bytes);
    const bytesDone = [...doneBytes.values()].reduce((total, more) => total + more, 0);
    update({ bytesDone, progress: totalBytes === 0 ? 0 : Math.min(1, bytesDone / totalBytes) });
  };
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
      case 'bytes':
        count(event.pull.want.image, event.bytesDone);
        return;
      case 'pulled':
        count(event.pull.want.image, event.pull.bytesToFetch);
        underWay(event.pull.want.image, undefined);
        return;
      case 'failed':
        underWay(event.pull.want.image, undefined);
        return;
      case 'unresolved':
    }
  };
}

/** One image's failure is the job's own; of several the first is, and says how many there are. */
function throwFirst(results: readonly ImageResult[]): void {
  const failures = results.flatMap(({ failure }) => failure ?? []);
  const [first] = failures;
  if (first === undefined) return;
  const more = failures.length === 1 ? '' : ` (and ${failures.length - 1} more images failed)`;
  throw new Failure(first.code, `${first.message}${more}`, { cause: first });
}
