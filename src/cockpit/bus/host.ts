/** What org.boundimages1 says, in this page's words. Times are microseconds since the epoch, 0 is never. Sizes are bytes. */
export interface Host {
  readonly state: string;
  readonly nextBoot: { readonly verdict: string; readonly reason: string };
  readonly deployments: readonly Deployment[];
  readonly problems: readonly Problem[];
  /** When a scheduled prefetch that may not run now begins again by itself, 0 where none waits; and why it may not. */
  readonly postponed: { readonly untilUs: number; readonly reason: string };
  readonly store: { readonly path: string; readonly mode: string };
  readonly storageBytes: number;
  readonly space: {
    /** What several deployments bind. */
    readonly sharedBytes: number;
    /** What none binds. */
    readonly unboundBytes: number;
    /** On the store's file system; -1 where it is not known. */
    readonly freeBytes: number;
  };
}

export interface Deployment {
  readonly slot: string;
  readonly osImage: string;
  /** '' where it is not known. */
  readonly digest: string;
  /** '' where the OS does not say. */
  readonly version: string;
  readonly state: string;
  /** What the store has of what it binds, each layer once. */
  readonly storageBytes: number;
  /** Of those, what no other deployment binds. */
  readonly ownBytes: number;
}

export interface Problem {
  readonly slot: string;
  readonly file: string;
  readonly code: string;
  readonly text: string;
}

export interface Image {
  readonly reference: string;
  readonly state: string;
  /** '' where the store does not have it. */
  readonly digest: string;
  readonly expectedDigest: string;
  readonly boundBy: readonly { readonly slot: string; readonly file: string }[];
  readonly sizeBytes: number;
  /** -1 where it is not known. */
  readonly bytesToFetch: number;
  readonly signaturePolicy: string;
  readonly lastPulledUs: number;
  readonly lastVerifiedUs: number;
  /** '' for none. */
  readonly lastError: string;
}

export interface Job {
  readonly path: string;
  readonly operation: string;
  readonly images: readonly string[];
  readonly state: string;
  /** 0 to 1, -1 where it is not known. */
  readonly progress: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly bytesPerSecond: number;
  readonly currentImage: string;
  readonly cancelable: boolean;
  readonly startTimeUs: number;
  readonly endTimeUs: number;
  readonly error: string;
  readonly result: JobResult;
}

export interface JobResult {
  readonly freedBytes: number;
  readonly images: readonly string[];
  readonly damaged: readonly string[];
}

/** A job that has ended, as the agent remembers it. */
export interface JobRecord {
  readonly id: number;
  readonly operation: string;
  readonly result: string;
  readonly startTimeUs: number;
  readonly endTimeUs: number;
  readonly fetchedBytes: number;
  readonly freedBytes: number;
  /** The first that are missing or damaged, where a verification found any, else of those that were fetched or removed. */
  readonly images: readonly string[];
  readonly imagesTotal: number;
  readonly damagedTotal: number;
  readonly error: string;
}

export function isActive({ state }: Job): boolean {
  return state === 'queued' || state === 'running' || state === 'cancelling';
}
