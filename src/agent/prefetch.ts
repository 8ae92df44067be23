import type { Failure } from '../model/failure.ts';
import type { Problem } from '../model/problem.ts';
import type { Want } from '../plan/want.ts';
import { type Access, openAccess } from './access.ts';
import { importPullInto } from './import-pull.ts';
import { makePlan, type Plan } from './make-plan.ts';
import { type PullEvent, pullImages } from './pull-images.ts';
import { spaceNeeds, tooLittleSpace } from './space.ts';
import { type Survey, surveyRoot } from './survey.ts';

export type PrefetchEvent =
  | PullEvent
  | { readonly kind: 'planned'; readonly plan: Plan }
  | { readonly kind: 'unresolved'; readonly want: Want; readonly failure: Failure };

export interface ImageResult {
  readonly want: Want;
  readonly outcome: 'kept' | 'pulled' | 'failed';
  readonly failure?: Failure;
}

export interface PrefetchResult {
  readonly images: readonly ImageResult[];
  readonly problems: readonly Problem[];
}

/**
 * Makes present what a root binds. Where all of it is there, nothing but files is read.
 * @throws Failure `NoSpace` before anything is fetched, `StoreDamaged`, `Cancelled` while planning; an image's own failure is in
 *   its result.
 */
export async function prefetchRoot(
  rootPath: string,
  storePath: string,
  authFile: string | undefined,
  signal: AbortSignal,
  onEvent: (event: PrefetchEvent) => void,
): Promise<PrefetchResult> {
  const survey = await surveyRoot(rootPath, storePath, signal);
  await using access = openAccess(rootPath, authFile);
  const images = await prefetchSurveyed(survey, access, signal, onEvent);
  return { images, problems: survey.problems };
}

async function prefetchSurveyed(
  survey: Survey,
  access: Access,
  signal: AbortSignal,
  onEvent: (event: PrefetchEvent) => void,
): Promise<ImageResult[]> {
  const { storePath } = survey.inventory;
  const plan = await makePlan(survey, access.resolve, signal);
  onEvent({ kind: 'planned', plan });
  for (const { want, failure } of plan.unresolved) onEvent({ kind: 'unresolved', want, failure });
  const failed = plan.unresolved.map(({ want, failure }) => ({ want, outcome: 'failed', failure }) as const);
  const kept = plan.kept.map(({ want }) => ({ want, outcome: 'kept' }) as const);
  if (plan.pulls.length === 0) return [...kept, ...failed];

  const shortage = tooLittleSpace(await spaceNeeds(plan, storePath));
  if (shortage !== undefined) throw shortage;
  const results = await pullImages(plan.pulls, importPullInto(storePath, access), signal, onEvent);
  return [
    ...kept,
    ...results.map(({ want, failure }): ImageResult =>
      failure === undefined ? { want, outcome: 'pulled' } : { want, outcome: 'failed', failure },
    ),
    ...failed,
  ];
}
