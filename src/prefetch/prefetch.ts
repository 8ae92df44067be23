import type { Failure } from '../model/failure.ts';
import type { Want } from '../plan/want.ts';
import type { Access } from './access.ts';
import type { Fetching } from './fetching.ts';
import { listImportNotes } from './import-notes.ts';
import type { PrefetchSources } from './import-from-sources.ts';
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
  surveyed: Survey,
  access: Access,
  fetching: () => Promise<Fetching>,
  signal: AbortSignal,
  onEvent: (event: PrefetchEvent) => void,
): Promise<ImageResult[]> {
  const survey = await settled(surveyed, signal);
  await using sources = sourcesFirst(fetching);
  const from: Access = { ...access, resolve: sources.resolve(access.resolve) };
  const first = await makePlan(survey, from.resolve, signal);
  // Loaded where it is needed: most runs find everything present.
  const work = first.pulls.length === 0 ? undefined : await import('./carry-out.ts');
  const how = work === undefined ? undefined : await fetching();
  const plan = how === undefined ? first : ((await work?.prepare(first, survey, from, how, signal)) ?? first);
  onEvent({ kind: 'planned', plan });
  for (const { want, failure } of plan.unresolved) onEvent({ kind: 'unresolved', want, failure });
  const failed = plan.unresolved.map(({ want, failure }) => ({ want, outcome: 'failed', failure }) as const);
  const kept = plan.kept.map(({ want }) => ({ want, outcome: 'kept' }) as const);
  const { storePath } = survey.inventory;
  const imported =
    how === undefined
      ? { results: [], rest: [] }
      : await sources.importWhole(plan.pulls, storePath, signal, onEvent);
  const pulled =
    how === undefined
      ? []
      : ((await work?.carryOut(imported.rest, storePath, access, how, signal, onEvent)) ?? []);
  return [
    ...kept,
    ...[...imported.results, ...pulled].map(({ want, failure }): ImageResult =>
      failure === undefined ? { want, outcome: 'pulled' } : { want, outcome: 'failed', failure },
    ),
    ...failed,
  ];
}

/** Without what a power loss has left of an import, though the store has it on record. */
async function settled(survey: Survey, signal: AbortSignal): Promise<Survey> {
  if (listImportNotes().length === 0) return survey;
  const { settle } = await import('./settle.ts');
  return settle(survey, signal);
}

/** The folders of `fetch.sources`: looked for, and what reads them loaded, with the first image that is missing. */
function sourcesFirst(fetching: () => Promise<Fetching>): PrefetchSources {
  let opening: Promise<PrefetchSources> | undefined;
  const open = async (): Promise<PrefetchSources> => {
    const { sourcePaths } = (await fetching()).configuration.fetch;
    if (sourcePaths.length === 0) return noSources;
    const { openPrefetchSources } = await import('./import-from-sources.ts');
    return openPrefetchSources(async () => sourcePaths);
  };
  const opened = (): Promise<PrefetchSources> => (opening ??= open());
  return {
    resolve: (elsewhere) => async (want, signal) => (await opened()).resolve(elsewhere)(want, signal),
    importWhole: async (...args) => (await opened()).importWhole(...args),
    async [Symbol.asyncDispose]() {
      // Where they could not be opened, their user has been told.
      await opening?.then(
        (sources) => sources[Symbol.asyncDispose](),
        () => undefined,
      );
    },
  };
}

const noSources: PrefetchSources = {
  resolve: (elsewhere) => elsewhere,
  importWhole: async (pulls) => ({ results: [], rest: pulls }),
  [Symbol.asyncDispose]: async () => undefined,
};
