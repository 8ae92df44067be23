import pLimit from 'p-limit';
import type { Digest } from '../model/digest.ts';
import { asFailure, Failure } from '../model/failure.ts';
import type { StoredImage } from '../model/inventory.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Assessment } from '../plan/assess.ts';
import { type Cost, costOf, layersInStore, missingLayers } from '../plan/cost.ts';
import type { Want } from '../plan/want.ts';
import type { Survey } from './survey.ts';

/** One image to pull, and why. */
export interface Pull {
  readonly want: Want;
  readonly reason: 'missing' | 'damaged' | 'mismatch' | 'newer';
  /** What stands under the name now. */
  readonly stored?: StoredImage;
  readonly manifest: Manifest;
  readonly missing: ReadonlySet<Digest>;
  readonly bytesToFetch: number;
}

export interface Plan {
  readonly kept: readonly {
    readonly want: Want;
    readonly stored: StoredImage;
    readonly refreshFailure?: Failure;
  }[];
  readonly pulls: readonly Pull[];
  /** Images that are needed and that no registry gave a manifest of. */
  readonly unresolved: readonly { readonly want: Want; readonly failure: Failure }[];
  readonly cost: Cost;
}

/** Asks a registry what an image's reference means now. */
export type Resolve = (want: Want, signal: AbortSignal) => Promise<Manifest>;

/** Manifests asked for at once. */
const resolveLimit = 6;

/**
 * What has to be pulled, and what that costs. Asks registries only about images that are not present and, where `Policy=` is
 * `always` or `newer`, about floating tags. One image that cannot be resolved does not stop the others.
 * @throws Failure `Cancelled`
 */
export async function makePlan(survey: Survey, resolve: Resolve, signal: AbortSignal): Promise<Plan> {
  const present = layersInStore(survey.inventory);
  const limit = pLimit(resolveLimit);
  const decisions = await Promise.all(
    survey.assessments.map((assessment) =>
      mustAsk(assessment)
        ? limit(() => decide(assessment, resolve, present, signal))
        : Promise.resolve(keepOrRefuse(assessment)),
    ),
  );
  signal.throwIfAborted();
  const pulls = decisions.filter((decision) => decision.kind === 'pull').map(({ pull }) => pull);
  return {
    kept: decisions.filter((decision) => decision.kind === 'keep'),
    pulls,
    unresolved: decisions.filter((decision) => decision.kind === 'unresolved'),
    cost: costOf(
      pulls.map(({ manifest }) => manifest),
      present,
    ),
  };
}

type Decision =
  | { kind: 'keep'; want: Want; stored: StoredImage; refreshFailure?: Failure }
  | { kind: 'pull'; pull: Pull }
  | { kind: 'unresolved'; want: Want; failure: Failure };

function mustAsk({ kind, want }: Assessment): boolean {
  const { policy } = want.pull;
  if (kind !== 'present') return policy !== 'never';
  return want.reference.digest === undefined && (policy === 'always' || policy === 'newer');
}

function keepOrRefuse(assessment: Assessment): Decision {
  const { want } = assessment;
  if (assessment.kind === 'present') return { kind: 'keep', want, stored: assessment.stored };
  const failure = new Failure(
    'NotFound',
    `${want.image} is ${assessment.kind} in the store, and Policy=never in ${want.boundBy[0]?.file} forbids to pull it`,
  );
  return { kind: 'unresolved', want, failure };
}

async function decide(
  assessment: Assessment,
  resolve: Resolve,
  present: ReadonlySet<Digest>,
  signal: AbortSignal,
): Promise<Decision> {
  const { want } = assessment;
  try {
    const manifest = await resolve(want, signal);
    if (assessment.kind === 'present' && isOf(assessment.stored, manifest)) {
      return { kind: 'keep', want, stored: assessment.stored };
    }
    const reason = assessment.kind === 'present' ? 'newer' : assessment.kind;
    const missing = new Set(missingLayers(manifest, present).map(({ digest }) => digest));
    const { bytesToFetch } = costOf([manifest], present);
    const stored = assessment.kind === 'missing' ? {} : { stored: assessment.stored };
    return { kind: 'pull', pull: { want, reason, ...stored, manifest, missing, bytesToFetch } };
  } catch (error) {
    const failure = asFailure(error);
    if (failure.code === 'Internal') throw error;
    // What is present stays good while its registry is away.
    if (assessment.kind === 'present')
      return { kind: 'keep', want, stored: assessment.stored, refreshFailure: failure };
    return { kind: 'unresolved', want, failure };
  }
}

function isOf(stored: StoredImage, { digest, indexDigest }: Manifest): boolean {
  return (
    stored.digests.includes(digest) || (indexDigest !== undefined && stored.digests.includes(indexDigest))
  );
}
