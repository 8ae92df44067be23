import { styleText } from 'node:util';
import { type VerifyResult, verifyRoot } from '../prefetch/verify.ts';
import type { ExitStatus } from '../model/failure.ts';
import type { Verification } from '../store/verify-store.ts';
import { placeOf, type Place } from './place.ts';
import { print, printJson } from './print.ts';
import { problemJson, renderProblem } from './problems.ts';
import { wrap } from './table.ts';

/** `bound-images verify`: whether what is bound is there and whole. */
export async function verify(place: Place, signal: AbortSignal): Promise<ExitStatus> {
  const { rootPath, storePath } = await placeOf(place);
  const result = await verifyRoot(rootPath, storePath, signal);
  if (place.json) printJson({ source: rootPath, store: { path: storePath }, ...resultJson(result) });
  else print(renderResult(result));
  if (result.images.some(({ verification }) => verification.kind !== 'present')) return 3;
  return result.problems.some(({ severity }) => severity === 'error') ? 4 : 0;
}

function renderResult({ images, problems }: VerifyResult): string[] {
  const whole = images.filter(({ verification }) => verification.kind === 'present').length;
  return [
    ...images.flatMap(({ want, verification }) => [
      `${want.image}: ${styleText(verification.kind === 'present' ? 'green' : 'red', verification.kind, { stream: process.stdout })}`,
      ...faultsOf(verification).flatMap((fault) => wrap(fault)),
    ]),
    images.length === 0
      ? 'No image is bound.'
      : `${whole} of ${images.length} bound images present and whole.`,
    ...problems.flatMap((problem) => ['', ...renderProblem(problem)]),
  ];
}

function resultJson({ images, problems }: VerifyResult): object {
  return {
    images: images.map(({ want, verification }) => ({
      image: want.image,
      state: verification.kind,
      faults: faultsOf(verification),
    })),
    problems: problems.map(problemJson),
  };
}

function faultsOf(verification: Verification): readonly string[] {
  switch (verification.kind) {
    case 'present':
    case 'missing':
      return [];
    case 'damaged':
      return verification.what;
    case 'mismatch':
      return [`it has ${verification.image.digests.join(', ')}, not ${verification.expected}`];
  }
}
