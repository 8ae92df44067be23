import type { Failure } from '../model/failure.ts';
import type { Want } from '../plan/want.ts';
import type { Access } from './access.ts';
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
 * @throws Failure `NoSpace` and `StoreUnknown` before anything is fetched, `Cancelled` while planning; an image's own failure is in its result.
 */
export async function prefetch(
  survey: Survey,
  access: Access,
  signal: AbortSignal,
  onEvent: (event: PrefetchEvent) => void,
): Promise<ImageResult[]> {
  const first = await makePlan(survey, access.resolve, signal);
  // Loaded where it is needed: most runs find everything present.
  const work = first.pulls.length === 0 ? undefined : await import('./carry-out.ts');
  const plan = work === undefined ? first : await work.prepare(first, survey, access, signal);
  onEvent({ kind: 'planned', plan });
  for (const { want, failure } of plan.unresolved) onEvent({ kind: 'unresolved', want, failure });
  const failed = plan.unresolved.map(({ want, failure }) => ({ want, outcome: 'failed', failure }) as const);
  const kept = plan.kept.map(({ want }) => ({ want, outcome: 'kept' }) as const);
  const { storePath } = survey.inventory;
  const results = (await work?.carryOut(plan, storePath, access, signal, onEvent)) ?? [];
  return [
    ...kept,
    ...results.map(({ want, failure }): ImageResult =>
      failure === undefined ? { want, outcome: 'pulled' } : { want, outcome: 'failed', failure },
    ),
    ...failed,
  ];
}
