import { asFailure, Failure } from '../model/failure.ts';
import type { Job, JobRequest, JobResult, JobState } from '../model/host-agent.ts';

/** What changes while a job runs. */
export type JobProgress = Pick<
  Job,
  'progress' | 'bytesDone' | 'bytesTotal' | 'bytesPerSecond' | 'currentImage' | 'cancelable'
>;

export interface JobContext {
  readonly job: () => Job;
  readonly signal: AbortSignal;
  readonly update: (change: Partial<JobProgress>) => void;
}

export interface JobsParts {
  readonly run: (request: JobRequest, context: JobContext) => Promise<JobResult>;
  /** Never gives a number twice on a host. */
  readonly nextId: () => bigint;
  /** Microseconds since the epoch. */
  readonly nowUs: () => number;
  readonly onChange: (change: JobChange) => void;
  /** How long an ended job stays to be looked at. */
  readonly keepMs: number;
}

export type JobChange =
  | { readonly kind: 'job'; readonly before: Job | undefined; readonly after: Job }
  | { readonly kind: 'job-removed'; readonly job: Job };

export interface Jobs {
  readonly list: () => readonly Job[];
  readonly start: (request: JobRequest, images: readonly string[], uid: number) => Job;
  /** Does nothing to a job that has ended. @throws Failure `NotFound` */
  readonly cancel: (id: bigint) => void;
  /** Resolves when every job has ended; none is accepted from then on. */
  readonly drain: () => Promise<void>;
}

interface Entry {
  job: Job;
  readonly stop: AbortController;
}

/**
 * Runs jobs one after another, in the order they came: two at once would only wait for each other at the store's lock. What only
 * reads does not wait: a boot asks whether its images are there, and not for their being fetched first.
 */
export function createJobs({ run, nextId, nowUs, onChange, keepMs }: JobsParts): Jobs {
  const entries = new Map<bigint, Entry>();
  const unended = new Set<Promise<void>>();
  let last: Promise<void> = Promise.resolve();
  let draining = false;

  const change = (entry: Entry, to: Partial<Job>): void => {
    const before = entry.job;
    entry.job = { ...before, ...to };
    onChange({ kind: 'job', before, after: entry.job });
  };
  const end = (entry: Entry, to: Partial<Job> & { readonly state: JobState }): void => {
    change(entry, { ...to, cancelable: false, currentImage: '', bytesPerSecond: 0, endTimeUs: nowUs() });
    // The process may exit meanwhile: an ended job is no reason to stay.
    setTimeout(() => {
      entries.delete(entry.job.id);
      onChange({ kind: 'job-removed', job: entry.job });
    }, keepMs).unref();
  };
  const work = async (entry: Entry, request: JobRequest): Promise<void> => {
    const { signal } = entry.stop;
    // Cancelled while it waited.
    if (hasEnded(entry.job)) return;
    change(entry, { state: 'running' });
    try {
      const update = (to: Partial<JobProgress>): void => change(entry, to);
      const result = await run(request, { job: () => entry.job, signal, update });
      end(entry, { state: 'succeeded', progress: 1, result });
    } catch (error) {
      const { code, message: text } = asFailure(error);
      end(entry, code === 'Cancelled' ? { state: 'cancelled' } : { state: 'failed', error: { code, text } });
    }
  };

  return {
    list: () => [...entries.values()].map(({ job }) => job),
    start(request, images, uid) {
      if (draining) throw new Failure('Busy', 'the agent is about to exit: ask again');
      const job: Job = {
        id: nextId(),
        operation: request.operation,
        images,
        startedByUid: uid,
        startTimeUs: nowUs(),
        state: 'queued',
        bytesDone: 0,
        bytesTotal: 0,
        bytesPerSecond: 0,
        currentImage: '',
        cancelable: true,
        endTimeUs: 0,
        result: {},
      };
      const entry: Entry = { job, stop: new AbortController() };
      entries.set(job.id, entry);
      onChange({ kind: 'job', before: undefined, after: job });
      const turn = (onlyReads(request) ? Promise.resolve() : last).then(() => work(entry, request));
      if (!onlyReads(request)) last = turn;
      unended.add(turn);
      void turn.finally(() => unended.delete(turn));
      return job;
    },
    cancel(id) {
      const entry = entries.get(id);
      if (entry === undefined) throw new Failure('NotFound', `there is no job ${id}`);
      if (hasEnded(entry.job) || entry.stop.signal.aborted) return;
      const reason = new Failure('Cancelled', 'cancelled');
      if (entry.job.state === 'queued') end(entry, { state: 'cancelled' });
      else change(entry, { state: 'cancelling', cancelable: false });
      entry.stop.abort(reason);
    },
    async drain() {
      draining = true;
      await Promise.all(unended);
    },
  };
}

function onlyReads(request: JobRequest): boolean {
  return request.operation === 'verify' && !request.repair;
}

export function hasEnded({ state }: Job): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}
