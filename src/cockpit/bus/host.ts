/** What org.boundimages1 says, in this page's words. Times are microseconds since the epoch, 0 is never. Sizes are bytes. */
export interface Host {
  readonly state: string;
  readonly nextBoot: { readonly verdict: string; readonly reason: string };
  readonly deployments: readonly Deployment[];
  readonly problems: readonly Problem[];
  readonly store: { readonly path: string; readonly mode: string };
  readonly storageBytes: number;
}

export interface Deployment {
  readonly slot: string;
  readonly osImage: string;
  /** '' where it is not known. */
  readonly digest: string;
  readonly state: string;
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

export function isActive({ state }: Job): boolean {
  return state === 'queued' || state === 'running' || state === 'cancelling';
}
