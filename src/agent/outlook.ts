import { policyFor } from '../policy/policy-for.ts';
import type { Access } from './access.ts';
import { type BoundChange, compareBoundSets } from './compare-bound-sets.ts';
import { type FloatingTag, floatingTags } from './floating-tags.ts';
import { makePlan, type Plan } from './make-plan.ts';
import { readHostPolicy } from './read-host-policy.ts';
import { type SpaceNeed, spaceNeeds } from './space.ts';
import { type Survey, surveyOsImage, surveyRoot } from './survey.ts';

/** What a prefetch would do, and what it would run into. */
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

/**
 * @param osImage as `openOsImage` takes it; without it the root's own definitions are meant
 * @throws Failure of the image's source, `StoreDamaged`, `StoreUnknown`, `BadConfiguration`, `Cancelled`
 */
export async function foresee(
  osImage: string | undefined,
  rootPath: string,
  storePath: string,
  access: Access,
  signal: AbortSignal,
): Promise<Outlook> {
  const { survey, changes } = await look(osImage, rootPath, storePath, access, signal);
  const plan = await makePlan(survey, access.resolve, signal);
  const policy = await readHostPolicy();
  return {
    source: osImage ?? rootPath,
    survey,
    changes,
    plan,
    space: await spaceNeeds(plan, storePath),
    tags: await floatingTags(plan, access, signal),
    policy: new Map(survey.assessments.map(({ want }) => [want.image, policyFor(policy, want.reference)])),
  };
}

async function look(
  osImage: string | undefined,
  rootPath: string,
  storePath: string,
  access: Access,
  signal: AbortSignal,
): Promise<{ survey: Survey; changes: readonly BoundChange[] }> {
  const now = await surveyRoot(rootPath, storePath, signal);
  if (osImage === undefined) return { survey: now, changes: [] };
  const next = await surveyOsImage(osImage, storePath, access, signal);
  const definitionsNow = now.assessments.flatMap(({ want }) => want.boundBy);
  return { survey: next, changes: compareBoundSets(definitionsNow, next.osImage.boundSet.definitions) };
}
