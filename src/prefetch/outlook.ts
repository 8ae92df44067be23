import { readConfiguration } from '../config/read-configuration.ts';
import type { Digest } from '../model/digest.ts';
import type { Manifest } from '../model/manifest.ts';
import { policyFor } from '../policy/policy-for.ts';
import type { Access } from './access.ts';
import { type BoundChange, compareBoundSets } from './compare-bound-sets.ts';
import { type FloatingTag, floatingTags } from './floating-tags.ts';
import { makePlan, type Plan } from './make-plan.ts';
import { readHostPolicy } from './read-host-policy.ts';
import { type SpaceNeed, spaceNeeds } from './space.ts';
import { type Survey, surveyOsImage, surveyRoot } from './survey.ts';

/** An OS image to look ahead to. */
export interface Prospect {
  /** As `openOsImage` takes it. */
  readonly image: string;
  /** What bootc found under that name when it last looked. An upgrade looks again, and stages what it finds then. */
  readonly digest?: Digest;
}

/** What a prefetch would do, and what it would run into. */
export interface Outlook {
  /** The OS image's name, or the root's path. */
  readonly source: string;
  /** Absent where a root's own definitions are meant. */
  readonly osImage?: OsImageNow;
  readonly survey: Survey;
  readonly plan: Plan;
  readonly space: readonly SpaceNeed[];
  readonly tags: readonly FloatingTag[];
  /** Against what the root binds now; of a root itself there is nothing to compare. */
  readonly changes: readonly BoundChange[];
  /** What policy.json asks of each image, by its `Image=` string. */
  readonly policy: ReadonlyMap<string, readonly string[]>;
}

/** What the OS image's name means now; this is what is planned for. */
export interface OsImageNow {
  readonly digest: Digest;
  /** What bootc found when it last looked, and whether the name still means that. */
  readonly cachedUpdate?: { readonly digest: Digest; readonly isCurrent: boolean };
}

/**
 * @param osImage without it the root's own definitions are meant
 * @throws Failure of the image's source, `StoreDamaged`, `StoreUnknown`, `BadConfiguration`, `Cancelled`
 */
export async function foresee(
  osImage: Prospect | undefined,
  rootPath: string,
  storePath: string,
  access: Access,
  signal: AbortSignal,
): Promise<Outlook> {
  const { survey, changes, manifest } = await look(osImage?.image, rootPath, storePath, access, signal);
  const plan = await makePlan(survey, access.resolve, signal);
  const policy = await readHostPolicy();
  return {
    source: osImage?.image ?? rootPath,
    ...(manifest === undefined ? {} : { osImage: osImageNow(manifest, osImage?.digest) }),
    survey,
    changes,
    plan,
    space: await spaceNeeds(plan, storePath, await readConfiguration('/')),
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
): Promise<{ survey: Survey; changes: readonly BoundChange[]; manifest?: Manifest }> {
  const now = await surveyRoot(rootPath, storePath, signal);
  if (osImage === undefined) return { survey: now, changes: [] };
  const next = await surveyOsImage(osImage, storePath, access, signal);
  const definitionsNow = now.assessments.flatMap(({ want }) => want.boundBy);
  const { boundSet, manifest } = next.osImage;
  return { survey: next, changes: compareBoundSets(definitionsNow, boundSet.definitions), manifest };
}

/** The digest that bootc records may be that of the index which the image was chosen from. */
function osImageNow({ digest, indexDigest }: Manifest, cached: Digest | undefined): OsImageNow {
  if (cached === undefined) return { digest };
  return { digest, cachedUpdate: { digest: cached, isCurrent: [digest, indexDigest].includes(cached) } };
}
