import { openAccess } from '../prefetch/access.ts';
import { ownFetching } from '../prefetch/fetching.ts';
import { type ImageResult, prefetch as prefetchSurveyed } from '../prefetch/prefetch.ts';
import { type Survey, surveyAgain, surveyOsImage, surveyRoot } from '../prefetch/survey.ts';
import { authFileOf, placeOf, prepareStore, type PullPlace } from './place.ts';
import { print, printJson } from './print.ts';
import { problemJson, renderProblem } from './problems.ts';
import type { ExitStatus } from '../model/failure.ts';
import { openProgress } from './progress.ts';

/** `bound-images prefetch [IMAGE]`: makes present every image that a root, or an OS image, binds. */
export async function prefetch(
  osImage: string | undefined,
  place: PullPlace,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const { rootPath, storePath } = await placeOf(place);
  await using access = openAccess(rootPath, authFileOf(place));
  const survey =
    osImage === undefined
      ? await surveyRoot(rootPath, storePath, signal)
      : await surveyOsImage(osImage, storePath, access, signal);
  // Where that fails, the check before the first pull says why.
  if (survey.inventory.driver === '' && survey.assessments.length > 0)
    await prepareStore({ rootPath, storePath }).catch(() => undefined);
  using progress = openProgress(process.stderr);
  const images = await prefetchSurveyed(survey, access, ownFetching, signal, progress.onEvent);
  progress.close();
  const isNew = images.some(({ outcome }) => outcome === 'pulled') && !signal.aborted;
  const after = isNew ? await surveyAgain(survey, signal) : survey;
  if (place.json)
    printJson({ source: osImage ?? rootPath, store: { path: storePath }, ...resultJson(images, after) });
  else print(renderResult(images, after));
  if (images.some(({ failure }) => failure !== undefined)) return 1;
  return survey.problems.some(({ severity }) => severity === 'error') ? 4 : 0;
}

function renderResult(images: readonly ImageResult[], { problems }: Survey): string[] {
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

function resultJson(images: readonly ImageResult[], { problems }: Survey): object {
  return {
    images: images.map(({ want, outcome, failure }) => ({
      image: want.image,
      outcome,
      error: failure === undefined ? null : { code: failure.code, text: failure.message },
    })),
    problems: problems.map(problemJson),
  };
}
