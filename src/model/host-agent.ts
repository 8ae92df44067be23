import type { BinderSlot } from './deployment.ts';
import type { Digest } from './digest.ts';
import type { HostState, ImageState, JobError } from './host-state.ts';

export type Operation = 'prefetch' | 'verify' | 'gc' | 'upgrade';

export type JobRequest =
  | {
      readonly operation: 'prefetch';
      readonly images: readonly string[];
      readonly scope: Scope;
      /** An OS image that nobody has staged, in place of a scope: what it binds is brought, and kept for a week. */
      readonly osImage?: string;
      /** Nobody waits for it: it obeys the download window, metered networks, the day's limit and what has given up. */
      readonly scheduled?: boolean;
    }
  | {
      readonly operation: 'verify';
      readonly images: readonly string[];
      readonly scope: Scope;
      readonly deep: boolean;
      readonly repair: boolean;
    }
  | { readonly operation: 'gc'; readonly dryRun: boolean }
  | {
      readonly operation: 'upgrade';
      readonly apply: boolean;
      /** Completes what is staged, and looks for nothing newer. */
      readonly onlyStaged?: boolean;
    };

/** Whose images a job is about. */
export type Scope = Exclude<BinderSlot, 'other'> | 'all';

/** A piece of work that somebody asked for. Times are microseconds since the epoch, 0 is never. */
export interface Job {
  /** Never repeated on a host, across restarts of the agent too. */
  readonly id: bigint;
  readonly operation: Operation;
  /** References. */
  readonly images: readonly string[];
  readonly startedByUid: number;
  readonly startTimeUs: number;
  readonly state: JobState;
  /** 0 to 1; absent where it is not known. */
  readonly progress?: number;
  readonly bytesDone: number;
  /** 0 where it is not known. */
  readonly bytesTotal: number;
  readonly bytesPerSecond: number;
  /** '' between images. */
  readonly currentImage: string;
  readonly cancelable: boolean;
  readonly endTimeUs: number;
  readonly error?: JobError;
  readonly result: JobResult;
}

export type JobState = 'queued' | 'running' | 'cancelling' | 'succeeded' | 'failed' | 'cancelled';

/** What a job that ended has to say: prefetch `images`, gc `freedBytes`, `images` and `dryRun`, verify `damaged`. */
export interface JobResult {
  /** The rest is what would have been. */
  readonly dryRun?: true;
  readonly freedBytes?: number;
  readonly images?: readonly string[];
  readonly damaged?: readonly string[];
}

/** A job that has ended, as it is remembered. Times are microseconds since the epoch. */
export interface JobRecord {
  readonly id: bigint;
  readonly operation: Operation;
  readonly startedByUid: number;
  readonly startTimeUs: number;
  readonly endTimeUs: number;
  readonly result: 'succeeded' | 'failed' | 'cancelled';
  /** Over the wire. */
  readonly fetchedBytes: number;
  /** Of a gc. */
  readonly freedBytes: number;
  /** The first that are missing or damaged in the end, where a verification found any, else of those that were fetched or removed. */
  readonly images: readonly string[];
  readonly imagesTotal: number;
  readonly damagedTotal: number;
  readonly error?: JobError;
}

export interface PlannedImage {
  readonly reference: string;
  readonly digest?: Digest;
  readonly state: ImageState['state'];
  readonly bytesToFetch?: number;
  readonly bytesOnDisk?: number;
}

export interface PlanReport {
  readonly osImage: string;
  readonly osImageDigest?: Digest;
  /** For people. */
  readonly version?: string;
  readonly images: readonly PlannedImage[];
  /** Layers that images share count once; what the store has does not count. */
  readonly bytesToFetch: number;
  readonly bytesOnDisk: number;
}

/** What changed since a listener was last told. */
export type AgentChange =
  | { readonly kind: 'state'; readonly before: HostState; readonly after: HostState }
  | { readonly kind: 'job'; readonly before: Job | undefined; readonly after: Job }
  /** A minute after it ended. */
  | { readonly kind: 'job-removed'; readonly job: Job };

/** The agent, as whatever shows it to others sees it. State and jobs are immutable values that are replaced. */
export interface HostAgent {
  readonly state: () => HostState;
  readonly jobs: () => readonly Job[];
  /** Jobs that have ended, newest first, of earlier agents too. */
  readonly history: () => readonly JobRecord[];
  /** @returns a function that ends it. Listeners are called in order, after the value has been replaced. */
  readonly subscribe: (listener: (change: AgentChange) => void) => () => void;
  /** Reads deployments and store again. Calls at the same time share one pass. @throws Failure */
  readonly refresh: () => Promise<void>;
  /** @param osImage '' is the candidate. @throws Failure */
  readonly plan: (osImage: string) => Promise<PlanReport>;
  /** Has to have returned before the first `start`. @throws Failure `NoSpace`, `Internal`: then none can be started */
  readonly prepare: () => Promise<void>;
  /** @returns the job, which listeners have been told of by then. @throws Failure `Usage` for a reference that nothing binds */
  readonly start: (request: JobRequest, uid: number) => Job;
  /** Does nothing to a job that has ended. @throws Failure `NotFound` */
  readonly cancel: (id: bigint) => void;
  /** Resolves when no job runs any more; none begins after this call. */
  readonly drain: () => Promise<void>;
}
