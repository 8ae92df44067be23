import type { Failure } from '../model/failure.ts';
import type { Want } from '../plan/want.ts';
import type { Access } from './access.ts';
import { importPullInto } from './import-pull.ts';
import { makePlan, type Plan } from './make-plan.ts';
import { type PullEvent, pullImages } from './pull-images.ts';
import { removeDamaged } from './remove-damaged.ts';
import { spaceNeeds, tooLittleSpace } from './space.ts';
import { type Survey, surveyAgain } from './survey.ts';
import { checkWritable } from './writable.ts';

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
  const { storePath } = survey.inventory;
  const first = await makePlan(survey, access.resolve, signal);
  // Before anything is removed: what is damaged stays to be looked at where it cannot be pulled again.
  await checkRoom(first, storePath);
  const plan = (await removeDamaged(survey, first, signal))
    ? await makePlan(await surveyAgain(survey, signal), access.resolve, signal)
    : first;
  onEvent({ kind: 'planned', plan });
  for (const { want, failure } of plan.unresolved) onEvent({ kind: 'unresolved', want, failure });
  const failed = plan.unresolved.map(({ want, failure }) => ({ want, outcome: 'failed', failure }) as const);
  const kept = plan.kept.map(({ want }) => ({ want, outcome: 'kept' }) as const);
  if (plan.pulls.length === 0) return [...kept, ...failed];

  // After a removal more may be missing than before, and more is free.
  if (plan !== first) await checkRoom(plan, storePath);
  const results = await pullImages(plan.pulls, importPullInto(storePath, access), signal, onEvent);
  return [
    ...kept,
    ...results.map(({ want, failure }): ImageResult =>
      failure === undefined ? { want, outcome: 'pulled' } : { want, outcome: 'failed', failure },
    ),
    ...failed,
  ];
}

async function checkRoom(plan: Plan, storePath: string): Promise<void> {
  if (plan.pulls.length === 0) return;
  await checkWritable(storePath);
  const shortage = tooLittleSpace(await spaceNeeds(plan, storePath));
  if (shortage !== undefined) throw shortage;
}
