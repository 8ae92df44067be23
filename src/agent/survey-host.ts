import type { BoundSet } from '../model/definition.ts';
import type { BinderSlot, Deployment } from '../model/deployment.ts';
import type { Digest } from '../model/digest.ts';
import { asFailure, type Failure } from '../model/failure.ts';
import type { Inventory } from '../model/inventory.ts';
import { diskTree } from '../definitions/disk-tree.ts';
import { readBoundSet } from '../definitions/read-bound-set.ts';
import { readInventory } from '../store/read-inventory.ts';
import { freeSpace } from '../system/free-space.ts';
import type { HostStore } from './host-store.ts';
import { type Survey, surveyOf } from '../prefetch/survey.ts';
import { readOsVersion } from './read-os-version.ts';

/** The OS image that the next upgrade would stage, and what it binds. */
export interface KnownCandidate {
  readonly osImage: string;
  readonly digest: Digest;
  /** Of the index that the image was chosen from; bootc may name either. */
  readonly indexDigest?: Digest;
  /** As it says of itself, for people. */
  readonly version?: string;
  readonly boundSet: BoundSet;
}

/** A deployment, or the candidate, with what it binds held against the store. */
export interface Binder {
  readonly slot: BinderSlot;
  readonly osImage: string;
  readonly digest?: Digest;
  /** Of the OS, for people. */
  readonly version?: string;
  /** Of a deployment. */
  readonly deployment?: Deployment;
  readonly survey: Survey;
}

/** Everything on a host that binds images. */
export interface HostSurvey {
  readonly store: HostStore;
  /** Empty where the store cannot be read. */
  readonly inventory: Inventory;
  /** Why it cannot: `StoreDamaged`, `StoreUnknown`. Then nothing follows from what is not in the inventory. */
  readonly unreadable?: Failure;
  /** On the store's file system; absent where that does not say. */
  readonly freeBytes?: number;
  /** Deployments in the order they are given, then the candidate. */
  readonly binders: readonly Binder[];
}

/**
 * Reads what every deployment binds and what the store has; no network, and no program but where the store's driver is unknown.
 * @throws Failure `Transient`, `Cancelled`; what is wrong with the store, or with a definition, is in the survey
 */
export async function surveyHost(
  store: HostStore,
  deployments: readonly Deployment[],
  candidate: KnownCandidate | undefined,
  signal: AbortSignal,
): Promise<HostSurvey> {
  const [{ inventory, ...why }, freeBytes, found] = await Promise.all([
    readStore(store.path, signal),
    freeBytesAt(store.path),
    Promise.all(deployments.map(async (deployment) => readBinder(deployment))),
  ]);
  const binders = found.map(({ boundSet, ...binder }): Binder => ({
    ...binder,
    survey: surveyOf(boundSet, inventory),
  }));
  return {
    store,
    inventory,
    ...why,
    ...(freeBytes === undefined ? {} : { freeBytes }),
    binders: [...binders, ...candidateBinder(deployments, candidate, inventory)],
  };
}

async function readStore(
  storePath: string,
  signal: AbortSignal,
): Promise<Pick<HostSurvey, 'inventory' | 'unreadable'>> {
  try {
    return { inventory: await readInventory(storePath, { signal }) };
  } catch (error) {
    const unreadable = asFailure(error);
    if (unreadable.code !== 'StoreDamaged' && unreadable.code !== 'StoreUnknown') throw unreadable;
    return { inventory: { storePath, driver: '', images: [], layers: new Map() }, unreadable };
  }
}

/** For whoever goes by what the store has. @throws Failure why it could not be read */
export function checkRead({ unreadable }: HostSurvey): void {
  if (unreadable !== undefined) throw unreadable;
}

async function readBinder(
  deployment: Deployment,
): Promise<Omit<Binder, 'survey'> & { readonly boundSet: BoundSet }> {
  const { slot, osImage = '', digest, rootPath } = deployment;
  const tree = diskTree(rootPath);
  const boundSet = await readBoundSet(tree);
  const version = deployment.version ?? (await readOsVersion(tree));
  return {
    slot,
    osImage,
    ...(digest === undefined ? {} : { digest }),
    ...(version === undefined ? {} : { version }),
    deployment,
    boundSet,
  };
}

async function freeBytesAt(path: string): Promise<number | undefined> {
  return freeSpace(path).then(
    ({ freeBytes }) => freeBytes,
    () => undefined,
  );
}

/** None once it is deployed: then its own files say what it binds. */
function candidateBinder(
  deployments: readonly Deployment[],
  candidate: KnownCandidate | undefined,
  inventory: Inventory,
): Binder[] {
  if (candidate === undefined) return [];
  const { osImage, digest, indexDigest, version, boundSet } = candidate;
  const isIt = (one: Digest | undefined): boolean =>
    one !== undefined && (one === digest || one === indexDigest);
  if (deployments.some((deployment) => isIt(deployment.digest))) return [];
  const survey = surveyOf(boundSet, inventory);
  return [{ slot: 'candidate', osImage, digest, ...(version === undefined ? {} : { version }), survey }];
}
