import { openAccess } from '../prefetch/access.ts';
import { type OsImage, readOsImage } from '../prefetch/read-os-image.ts';
import type { ExitStatus } from '../model/failure.ts';
import { authFileOf, type PullPlace } from './place.ts';
import { print, printJson } from './print.ts';
import { problemJson, renderProblem } from './problems.ts';
import { renderTable } from './table.ts';

/** `bound-images inspect IMAGE`: what an OS image binds, read from where it is. */
export async function inspect(name: string, options: PullPlace, signal: AbortSignal): Promise<ExitStatus> {
  await using access = openAccess('/', authFileOf(options));
  const image = await readOsImage(name, access, signal);
  if (options.json) printJson(imageJson(image));
  else print(renderImage(image));
  return image.boundSet.problems.some(({ severity }) => severity === 'error') ? 4 : 0;
}

/** Labels that say which OS this is (OCI image-spec "annotations"). */
const told = ['version', 'revision', 'source'] as const;

function renderImage({
  name,
  manifest,
  config,
  learntFrom,
  boundSet: { definitions, problems },
}: OsImage): string[] {
  return [
    `Image     ${name}`,
    `Digest    ${manifest.indexDigest ?? manifest.digest}`,
    ...told.flatMap((key) => {
      const value = config.labels[`org.opencontainers.image.${key}`];
      return value === undefined
        ? []
        : [`${key[0]?.toUpperCase()}${key.slice(1)}`.padEnd(10) + oneLine(value)];
    }),
    `Read from ${learntFrom === 'stamp' ? 'its stamp' : 'its layers'}`,
    '',
    ...(definitions.length === 0
      ? ['No image is bound.']
      : renderTable([['BOUND IMAGE', 'DEFINED IN'], ...definitions.map(({ image, file }) => [image, file])])),
    ...problems.flatMap((problem) => ['', ...renderProblem(problem)]),
  ];
}

/** A label is the image author's text: nothing of it may move the terminal's cursor. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ').slice(0, 200);
}

function imageJson({
  name,
  manifest,
  config,
  learntFrom,
  boundSet: { definitions, problems },
}: OsImage): object {
  return {
    image: name,
    digest: manifest.indexDigest ?? manifest.digest,
    platformDigest: manifest.digest,
    labels: Object.fromEntries(
      told.map((key) => [key, config.labels[`org.opencontainers.image.${key}`] ?? null]),
    ),
    learntFrom,
    definitions: definitions.map(({ entry, file, line, image, reference }) => ({
      entry,
      file,
      line,
      image,
      digest: reference.digest ?? null,
    })),
    problems: problems.map(problemJson),
  };
}
