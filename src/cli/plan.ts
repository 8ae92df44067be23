import { styleText } from 'node:util';
import { openAccess } from '../agent/access.ts';
import { makePlan, type Plan } from '../agent/make-plan.ts';
import { type SpaceNeed, spaceNeeds, tooLittleSpace } from '../agent/space.ts';
import { type Survey, surveyRoot } from '../agent/survey.ts';
import { formatBytes } from './bytes.ts';
import { placeOf } from './place.ts';
import { print, printJson } from './print.ts';
import { problemJson, renderProblem } from './problems.ts';
import type { ExitStatus } from '../model/failure.ts';
import type { PullPlace } from './program.ts';
import { readiness } from './status.ts';
import { renderTable, wrap } from './table.ts';

/** `bound-images plan`: what a prefetch would do. */
export async function plan(place: PullPlace, signal: AbortSignal): Promise<ExitStatus> {
  const { rootPath, storePath } = placeOf(place);
  const survey = await surveyRoot(rootPath, storePath, signal);
  await using access = openAccess(rootPath, place.authfile);
  const made = await makePlan(survey, access.resolve, signal);
  const space = await spaceNeeds(made, storePath);
  if (place.json) printJson({ root: rootPath, ...planJson(survey, made, space) });
  else print(renderPlan(survey, made, space));
  if (made.unresolved.length > 0 || tooLittleSpace(space) !== undefined) return 1;
  return readiness(survey);
}

function renderPlan(
  survey: Survey,
  { kept, pulls, unresolved, cost }: Plan,
  space: readonly SpaceNeed[],
): string[] {
  const rows = [
    ...pulls.map(({ want, reason, bytesToFetch }) => [
      want.image,
      `pull (${reason})`,
      formatBytes(bytesToFetch),
    ]),
    ...unresolved.map(({ want }) => [want.image, styleText('red', 'cannot be pulled'), '']),
    ...kept.map(({ want }) => [want.image, 'keep', '']),
  ];
  const shortage = tooLittleSpace(space);
  return [
    ...(rows.length === 0 ? ['No image is bound.'] : renderTable([['IMAGE', 'ACTION', 'TO FETCH'], ...rows])),
    '',
    pulls.length === 0
      ? 'Nothing to fetch.'
      : `To fetch: ${formatBytes(cost.bytesToFetch)}, shared layers counted once; on disk about ${formatBytes(cost.bytesOnDisk)}.`,
    ...(shortage === undefined ? [] : wrap(`Too little space: ${shortage.message}`, '')),
    ...unresolved.flatMap(({ want, failure }) => ['', `${want.image}:`, ...wrap(failure.message)]),
    ...survey.problems.flatMap((problem) => ['', ...renderProblem(problem)]),
  ];
}

function planJson(
  survey: Survey,
  { kept, pulls, unresolved, cost }: Plan,
  space: readonly SpaceNeed[],
): object {
  return {
    images: [
      ...pulls.map(({ want, reason, manifest, bytesToFetch }) => ({
        image: want.image,
        action: 'pull',
        reason,
        digest: manifest.indexDigest ?? manifest.digest,
        bytesToFetch,
      })),
      ...unresolved.map(({ want, failure }) => ({
        image: want.image,
        action: 'none',
        error: { code: failure.code, text: failure.message },
      })),
      ...kept.map(({ want, stored }) => ({
        image: want.image,
        action: 'keep',
        digest: stored.digests[0] ?? null,
      })),
    ],
    bytesToFetch: cost.bytesToFetch,
    bytesOnDiskEstimate: cost.bytesOnDisk,
    space: space.map((need) => ({
      ...need,
      freeInodes: Number.isFinite(need.freeInodes) ? need.freeInodes : null,
    })),
    problems: survey.problems.map(problemJson),
  };
}
