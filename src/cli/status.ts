import { styleText } from 'node:util';
import { surveyRoot, type Survey } from '../prefetch/survey.ts';
import { type Digest, shortDigest } from '../model/digest.ts';
import type { StoredImage } from '../model/inventory.ts';
import type { Assessment } from '../plan/assess.ts';
import { formatBytes } from './bytes.ts';
import { placeOf, type Place } from './place.ts';
import { problemJson, renderProblem } from './problems.ts';
import type { ExitStatus } from '../model/failure.ts';
import { readiness } from './readiness.ts';
import { print, printJson } from './print.ts';
import { renderTable } from './table.ts';

/** `bound-images status`: what is bound and whether it is there, from files alone. */
export async function status(place: Place, signal: AbortSignal): Promise<ExitStatus> {
  const { rootPath, storePath } = await placeOf(place);
  const survey = await surveyRoot(rootPath, storePath, signal);
  if (place.json) printJson({ source: rootPath, ...surveyJson(survey) });
  else print(renderStatus(rootPath, survey));
  return readiness(survey);
}

function renderStatus(rootPath: string, { inventory, assessments, problems }: Survey): string[] {
  const present = assessments.filter(({ kind }) => kind === 'present').length;
  return [
    `Root   ${rootPath}`,
    `Store  ${inventory.storePath}`,
    '',
    ...(assessments.length === 0
      ? ['No image is bound.']
      : [
          ...renderTable([['IMAGE', 'STATE', 'SIZE', 'DIGEST'], ...assessments.map(statusRow)]),
          '',
          `${present} of ${assessments.length} bound images ${present === 1 ? 'is' : 'are'} present.`,
        ]),
    ...problems.flatMap((problem) => ['', ...renderProblem(problem)]),
  ];
}

function statusRow(assessment: Assessment): string[] {
  const { want, kind } = assessment;
  const state = styleText(kind === 'present' ? 'green' : 'red', kind, { stream: process.stdout });
  if (assessment.kind === 'missing') return [want.image, state, '', ''];
  const { stored } = assessment;
  return [want.image, state, formatBytes(sizeOf(stored)), shortOf(digestOf(assessment))];
}

function surveyJson({ inventory, assessments, problems }: Survey): object {
  return {
    store: { path: inventory.storePath, driver: inventory.driver },
    images: assessments.map(assessmentJson),
    problems: problems.map(problemJson),
  };
}

function assessmentJson(assessment: Assessment): object {
  const { want, kind } = assessment;
  return {
    image: want.image,
    state: kind,
    digest: digestOf(assessment) ?? null,
    expectedDigest: want.reference.digest ?? null,
    sizeBytes: assessment.kind === 'missing' ? null : sizeOf(assessment.stored),
    damage: assessment.kind === 'damaged' ? assessment.stored.missing : [],
    boundBy: want.boundBy.map(({ entry, file, line }) => ({ entry, file, line })),
  };
}

/** The digest that the reference pins where the image answers to it, else the image's own. */
function digestOf(assessment: Assessment): Digest | undefined {
  if (assessment.kind === 'missing') return undefined;
  const { digests } = assessment.stored;
  return digests.find((digest) => digest === assessment.want.reference.digest) ?? digests[0];
}

function shortOf(digest: Digest | undefined): string {
  return digest === undefined ? '' : shortDigest(digest);
}

function sizeOf({ layers }: StoredImage): number {
  return layers.reduce((total, { diffSizeBytes }) => total + (diffSizeBytes ?? 0), 0);
}
