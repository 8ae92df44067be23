import type { Survey } from '../prefetch/survey.ts';
import type { ExitStatus } from '../model/failure.ts';

/** 3 where something is missing, else 4 where a definition cannot be honoured, else 0. */
export function readiness({ assessments, problems }: Survey): ExitStatus {
  if (assessments.some(({ kind }) => kind !== 'present')) return 3;
  return problems.some(({ severity }) => severity === 'error') ? 4 : 0;
}
