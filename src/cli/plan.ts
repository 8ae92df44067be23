import { type Access, openAccess } from '../agent/access.ts';
import { type BoundChange, compareBoundSets } from '../agent/compare-bound-sets.ts';
import { type FloatingTag, floatingTags } from '../agent/floating-tags.ts';
import { makePlan, type Plan } from '../agent/make-plan.ts';
import { readHostPolicy } from '../agent/read-host-policy.ts';
import { type SpaceNeed, spaceNeeds, tooLittleSpace } from '../agent/space.ts';
import { type Survey, surveyOsImage, surveyRoot } from '../agent/survey.ts';
import { readCandidate } from '../deployments/read-candidate.ts';
import type { ExitStatus } from '../model/failure.ts';
import { authFileOf, placeOf } from './place.ts';
import { planJson, renderPlan } from './plan-report.ts';
import { print, printJson } from './print.ts';
import type { PullPlace } from './program.ts';
import { readiness } from './status.ts';

/** Everything that `plan` tells. */
export interface Outlook {
  /** The OS image's name, or the root's path. */
  readonly source: string;
  readonly survey: Survey;
  readonly plan: Plan;
  readonly space: readonly SpaceNeed[];
  readonly tags: readonly FloatingTag[];
  /** Against what the root binds now; of a root itself there is nothing to compare. */
  readonly changes: readonly BoundChange[];
  /** What policy.json asks of each image, by its `Image=` string. */
  readonly policy: ReadonlyMap<string, readonly string[]>;
}

/** `bound-images plan [IMAGE]`: what a prefetch would do, and what the OS image changes of what is bound. */
export async function plan(
  osImage: string | undefined,
  place: PullPlace,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const { rootPath, storePath } = placeOf(place);
  await using access = openAccess(rootPath, authFileOf(place));
  const name = osImage ?? (place.root === undefined ? (await readCandidate(signal)).image : undefined);
  const { survey, changes } = await look(name, rootPath, storePath, access, signal);
  const made = await makePlan(survey, access.resolve, signal);
  const space = await spaceNeeds(made, storePath);
  const outlook: Outlook = {
    source: name ?? rootPath,
    survey,
    changes,
    plan: made,
    space,
    tags: await floatingTags(made, access, signal),
    policy: await policyOf(survey),
  };
  if (place.json) printJson(planJson(outlook));
  else print(renderPlan(outlook));
  if (made.unresolved.length > 0 || tooLittleSpace(space) !== undefined) return 1;
  return readiness(survey);
}

async function look(
  name: string | undefined,
  rootPath: string,
  storePath: string,
  access: Access,
  signal: AbortSignal,
): Promise<{ survey: Survey; changes: readonly BoundChange[] }> {
  const now = await surveyRoot(rootPath, storePath, signal);
  if (name === undefined) return { survey: now, changes: [] };
  const next = await surveyOsImage(name, storePath, access, signal);
  const definitionsNow = now.assessments.flatMap(({ want }) => want.boundBy);
  return { survey: next, changes: compareBoundSets(definitionsNow, next.osImage.boundSet.definitions) };
}

async function policyOf({ assessments }: Survey): Promise<Map<string, readonly string[]>> {
  const { policyFor } = await import('../policy/policy-for.ts');
  const policy = await readHostPolicy();
  return new Map(assessments.map(({ want }) => [want.image, policyFor(policy, want.reference)]));
}
