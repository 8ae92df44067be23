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
  readonly store: { readonly path: string; readonly mode: 'bootc' | 'own' };
  readonly storageBytes: number;
  readonly lastRefreshUs: number;
}

/** The verdict on what boots next, and why, in a sentence for a person. */
export interface NextBoot {
  readonly verdict: 'ready' | 'waiting' | 'blocked' | 'none';
  readonly reason: string;
}

export interface DeploymentState {
  readonly slot: BinderSlot;
  readonly osImage: string;
  readonly digest?: Digest;
  readonly state: 'ready' | 'incomplete' | 'damaged' | 'unknown';
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
