import { existsSync } from 'node:fs';
import { openAccess } from '../prefetch/access.ts';
import { ownFetching } from '../prefetch/fetching.ts';
import { bootcLine, importSet, type Imported } from '../import/from-set.ts';
import { importStored } from '../import/from-storage.ts';
import { runAsUnit } from '../import/from-unit.ts';
import { hostStore } from '../agent/host-store.ts';
import { remountSysroot } from '../agent/remount-sysroot.ts';
import type { ExitStatus } from '../model/failure.ts';
import { type Place, placeOf, prepareStore } from './place.ts';
import { print, printJson } from './print.ts';
import { problemJson, renderProblem } from './problems.ts';
import { openProgress } from './progress.ts';

/** `bound-images import SOURCE`: makes present what an OS image binds, out of a set that `mirror` made. */
export async function importFrom(source: string, place: Place, signal: AbortSignal): Promise<ExitStatus> {
  const { rootPath, storePath } = await importPlace(place);
  const status = await runAsUnit(storePath, signal);
  if (status !== undefined) return status as ExitStatus;
  await remountSysroot(storePath);
  await using access = openAccess(rootPath, undefined);
  await prepareStore({ rootPath, storePath }).catch(() => undefined);
  using progress = openProgress(process.stderr);
  const importer = source.startsWith('containers-storage:') ? importStored : importSet;
  const imported = await importer(source, storePath, access, ownFetching, signal, progress.onEvent);
  progress.close();
  const { images, survey } = imported;
  const isComplete = images.every(({ failure }) => failure === undefined);
  // Before its images are there, nothing is to be staged.
  const line = isComplete ? await bootcLine(imported.place, signal) : undefined;
  if (place.json) printJson(importedJson(imported, source, storePath, line));
  else print(renderImported(imported, line));
  if (!isComplete) return 1;
  return survey.problems.some(({ severity }) => severity === 'error') ? 4 : 0;
}

/** Of a host, the store that its configuration means. */
async function importPlace(place: Place): Promise<{ rootPath: string; storePath: string }> {
  const { root, store } = place;
  const isBootc = existsSync('/usr/lib/bootc/storage') || existsSync('/sysroot/composefs');
  if (root !== undefined || store !== undefined || !isBootc) return placeOf(place);
  const { store: configured } = (await ownFetching()).configuration;
  return { rootPath: '/', storePath: hostStore(configured.mode, configured.path).path };
}

function renderImported({ images, survey, place }: Imported, line: string | undefined): string[] {
  const count = (outcome: string): number => images.filter((image) => image.outcome === outcome).length;
  return [
    images.length === 0
      ? `${place.original} binds no image.`
      : `${count('pulled')} imported, ${count('kept')} already present, ${count('failed')} failed, of ${images.length} images that ${place.original} binds.`,
    ...survey.problems.flatMap((problem) => ['', ...renderProblem(problem)]),
    ...(line === undefined ? [] : ['', 'To stage the OS image:', `  ${line}`]),
  ];
}

function importedJson(
  { images, survey, place }: Imported,
  source: string,
  storePath: string,
  line: string | undefined,
): object {
  return {
    source,
    store: { path: storePath },
    osImage: {
      reference: place.original,
      digest: place.digest,
      transport: place.transport,
      image: place.image,
    },
    images: images.map(({ want, outcome, failure }) => ({
      image: want.image,
      outcome: outcome === 'pulled' ? 'imported' : outcome,
      error: failure === undefined ? null : { code: failure.code, text: failure.message },
    })),
    bootc: line ?? null,
    problems: survey.problems.map(problemJson),
  };
}
