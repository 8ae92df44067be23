import { type PrefetchResult, prefetchRoot } from '../agent/prefetch.ts';
import { placeOf } from './place.ts';
import { print, printJson } from './print.ts';
import { problemJson, renderProblem } from './problems.ts';
import type { ExitStatus } from '../model/failure.ts';
import type { PullPlace } from './program.ts';
import { openProgress } from './progress.ts';

/** `bound-images prefetch`: makes every bound image present. */
export async function prefetch(place: PullPlace, signal: AbortSignal): Promise<ExitStatus> {
  const { rootPath, storePath } = placeOf(place);
  using progress = openProgress(process.stderr);
  const result = await prefetchRoot(rootPath, storePath, place.authfile, signal, progress.onEvent);
  progress.close();
  if (place.json) printJson({ root: rootPath, store: { path: storePath }, ...resultJson(result) });
  else print(renderResult(result));
  if (result.images.some(({ failure }) => failure !== undefined)) return 1;
  return result.problems.some(({ severity }) => severity === 'error') ? 4 : 0;
}

function renderResult({ images, problems }: PrefetchResult): string[] {
  const pulled = images.filter(({ outcome }) => outcome === 'pulled').length;
  const kept = images.filter(({ outcome }) => outcome === 'kept').length;
  const failed = images.length - pulled - kept;
  return [
    images.length === 0
      ? 'No image is bound.'
      : `${pulled} pulled, ${kept} already present, ${failed} failed, of ${images.length} bound images.`,
    ...problems.flatMap((problem) => ['', ...renderProblem(problem)]),
  ];
}

function resultJson({ images, problems }: PrefetchResult): object {
  return {
    images: images.map(({ want, outcome, failure }) => ({
      image: want.image,
      outcome,
      error: failure === undefined ? null : { code: failure.code, text: failure.message },
    })),
    problems: problems.map(problemJson),
  };
}
