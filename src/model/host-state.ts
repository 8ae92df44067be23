import type { BinderSlot } from './deployment.ts';
import type { Digest } from './digest.ts';
import type { FailureCode } from './failure.ts';
import type { Problem } from './problem.ts';

/** What the agent knows of a host: what org.boundimages1 shows. Times are microseconds since the epoch, 0 is never. */
export interface HostState {
  /** Of the booted deployment. */
  readonly state: 'ready' | 'incomplete' | 'damaged' | 'unknown';
  readonly nextBoot: NextBoot;
  readonly deployments: readonly DeploymentState[];
  readonly problems: readonly SlotProblem[];
  /** By reference, in the order of their names; a reference is listed once. */
  readonly images: readonly ImageState[];
  /** What nobody waits for, and is not to be fetched now. */
  readonly postponed?: Postponed;
  readonly store: { readonly path: string; readonly mode: 'bootc' | 'own' };
  readonly storageBytes: number;
  readonly space: StoreSpace;
  readonly lastRefreshUs: number;
}

/** The verdict on what boots next, and why, in a sentence for a person. */
export interface NextBoot {
  readonly verdict: 'ready' | 'waiting' | 'blocked' | 'none';
  readonly reason: string;
}

/** A scheduled prefetch that may not run, when it begins again by itself, and why, for a person. */
export interface Postponed {
  readonly untilUs: number;
  readonly reason: string;
}

export interface DeploymentState {
  readonly slot: BinderSlot;
  readonly osImage: string;
  readonly digest?: Digest;
  /** Of the OS image, for people. */
  readonly version?: string;
  readonly state: 'ready' | 'incomplete' | 'damaged' | 'unknown';
  /** What the store has of the images that it binds, each layer once. */
  readonly storageBytes: number;
  /** Of those, what no other deployment binds. */
  readonly ownBytes: number;
}

/** With the `ownBytes` of all deployments the first two are the `storageBytes` of the store: each layer counts once. */
export interface StoreSpace {
  /** What several deployments bind. */
  readonly sharedBytes: number;
  /** What none binds. Containers and leases may need it all the same. */
  readonly unboundBytes: number;
  /** On the store's file system; absent where that does not say. */
  readonly freeBytes?: number;
}

export interface SlotProblem extends Problem {
  readonly slot: BinderSlot;
}

export interface ImageState {
  /** The exact `Image=` string. */
  readonly reference: string;
  readonly state: 'present' | 'missing' | 'fetching' | 'verifying' | 'damaged' | 'unknown';
  /** In the store. */
  readonly digest?: Digest;
  /** That the reference pins. */
  readonly expectedDigest?: Digest;
  readonly boundBy: readonly { readonly slot: BinderSlot; readonly file: string }[];
  readonly sizeBytes: number;
  /** Absent where it is not known. */
  readonly bytesToFetch?: number;
  /** What policy.json asks of it: `insecureAcceptAnything`, `signedBy`, ... */
  readonly signaturePolicy: string;
  readonly lastPulledUs: number;
  readonly lastVerifiedUs: number;
  readonly lastError?: JobError;
  /** Id of the job that works on it. */
  readonly job?: bigint;
}

export interface JobError {
  readonly code: FailureCode;
  readonly text: string;
}
