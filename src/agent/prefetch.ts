import type { Failure } from '../model/failure.ts';
import type { Want } from '../plan/want.ts';
import type { Access } from './access.ts';
import type { Fetching } from './fetching.ts';
import { makePlan, type Plan } from './make-plan.ts';
import type { PullEvent } from './pull-images.ts';
import type { Survey } from './survey.ts';

export type PrefetchEvent =
  | PullEvent
  | { readonly kind: 'planned'; readonly plan: Plan }
  | { readonly kind: 'unresolved'; readonly want: Want; readonly failure: Failure };

export interface ImageResult {
  readonly want: Want;
  readonly outcome: 'kept' | 'pulled' | 'failed';
  readonly failure?: Failure;
}

/**
 * Makes present what a survey has found wanting. Where that is nothing, nothing is asked and nothing written.
 * @param fetching asked for where something is to be fetched
 * @throws Failure `NoSpace`, `StoreUnknown` and `BadConfiguration` before anything is fetched, `Cancelled` while planning; an image's own
 * failure is in its result.
 */
export async function prefetch(
  survey: Survey,
  access: Access,
  fetching: () => Promise<Fetching>,
  signal: AbortSignal,
  onEvent: (event: PrefetchEvent) => void,
): Promise<ImageResult[]> {
  const first = await makePlan(survey, access.resolve, signal);
  // Loaded where it is needed: most runs find everything present.
  const work = first.pulls.length === 0 ? undefined : await import('./carry-out.ts');
  const how = work === undefined ? undefined : await fetching();
  const plan =
    how === undefined ? first : ((await work?.prepare(first, survey, access, how, signal)) ?? first);
  onEvent({ kind: 'planned', plan });
  for (const { want, failure } of plan.unresolved) onEvent({ kind: 'unresolved', want, failure });
  const failed = plan.unresolved.map(({ want, failure }) => ({ want, outcome: 'failed', failure }) as const);
  const kept = plan.kept.map(({ want }) => ({ want, outcome: 'kept' }) as const);
  const { storePath } = survey.inventory;
  const results =
    how === undefined
      ? []
      : ((await work?.carryOut(plan.pulls, storePath, access, how, signal, onEvent)) ?? []);
  return [
    ...kept,
    ...results.map(({ want, failure }): ImageResult =>
      failure === undefined ? { want, outcome: 'pulled' } : { want, outcome: 'failed', failure },
    ),
    ...failed,
  ];
}
