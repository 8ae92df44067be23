import type { Readiness } from '../guard/readiness.ts';
import type { JobError } from '../model/host-state.ts';
import type { Binder, HostSurvey } from './survey-host.ts';

/** Why the last try to bring an image failed, by its `Image=`. */
type LastError = (reference: string) => JobError | undefined;

/** What each deployment of a survey has of its images. */
export function readingsOf({ binders }: HostSurvey, lastError: LastError): Readiness[] {
  return binders.flatMap((binder) =>
    binder.deployment === undefined ? [] : { deployment: binder.deployment, ...lackingOf(binder, lastError) },
  );
}

/** The same of a deployment or the candidate. */
export function lackingOf(
  { survey }: Pick<Binder, 'survey'>,
  lastError: LastError,
): Omit<Readiness, 'deployment'> {
  const lacking = survey.assessments.flatMap(({ kind, want }) => {
    const error = lastError(want.image);
    // Its records look whole; a verification that read more has found otherwise, and nothing has been pulled since.
    const state = kind === 'present' && error?.code === 'StoreDamaged' ? 'damaged' : kind;
    return state === 'present' ? [] : { image: want.image, state, ...(error === undefined ? {} : { error }) };
  });
  return { lacking, unreadable: survey.problems.filter(({ severity }) => severity === 'error').length };
}
