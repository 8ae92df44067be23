import type { BoundSet } from '../model/definition.ts';
import type { BinderSlot, Deployment } from '../model/deployment.ts';
import type { Digest } from '../model/digest.ts';
import type { Inventory } from '../model/inventory.ts';
import { diskTree } from '../definitions/disk-tree.ts';
import { readBoundSet } from '../definitions/read-bound-set.ts';
import { readInventory } from '../store/read-inventory.ts';
import type { HostStore } from './host-store.ts';
import { type Survey, surveyOf } from '../prefetch/survey.ts';

/** The OS image that the next upgrade would stage, and what it binds. */
export interface KnownCandidate {
  readonly osImage: string;
  readonly digest: Digest;
  /** Of the index that the image was chosen from; bootc may name either. */
  readonly indexDigest?: Digest;
  readonly boundSet: BoundSet;
}

/** A deployment, or the candidate, with what it binds held against the store. */
export interface Binder {
  readonly slot: BinderSlot;
  readonly osImage: string;
  readonly digest?: Digest;
  /** Of a deployment. */
  readonly deployment?: Deployment;
  readonly survey: Survey;
}

/** Everything on a host that binds images. */
export interface HostSurvey {
  readonly store: HostStore;
  readonly inventory: Inventory;
  /** Deployments in the order they are given, then the candidate. */
  readonly binders: readonly Binder[];
}

/**
 * Reads what every deployment binds and what the store has; no network, and no program but where the store's driver is unknown.
 * @throws Failure `StoreDamaged`, `StoreUnknown`; what is wrong with a definition is in its survey
 */
export async function surveyHost(
  store: HostStore,
  deployments: readonly Deployment[],
  candidate: KnownCandidate | undefined,
  signal: AbortSignal,
): Promise<HostSurvey> {
  const [inventory, boundSets] = await Promise.all([
    readInventory(store.path, { signal }),
    Promise.all(deployments.map(({ rootPath }) => readBoundSet(diskTree(rootPath)))),
  ]);
  const binders = deployments.map((deployment, index): Binder => {
    const { slot, osImage = '', digest } = deployment;
    const survey = surveyOf(boundSets[index] ?? { definitions: [], problems: [] }, inventory);
    return { slot, osImage, ...(digest === undefined ? {} : { digest }), deployment, survey };
  });
  return { store, inventory, binders: [...binders, ...candidateBinder(deployments, candidate, inventory)] };
}

/** None once it is deployed: then its own files say what it binds. */
function candidateBinder(
  deployments: readonly Deployment[],
  candidate: KnownCandidate | undefined,
  inventory: Inventory,
): Binder[] {
  if (candidate === undefined) return [];
  const { osImage, digest, indexDigest, boundSet } = candidate;
  const isIt = (one: Digest | undefined): boolean =>
    one !== undefined && (one === digest || one === indexDigest);
  if (deployments.some((deployment) => isIt(deployment.digest))) return [];
  return [{ slot: 'candidate', osImage, digest, survey: surveyOf(boundSet, inventory) }];
}
