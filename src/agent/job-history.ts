import type { Job, JobRecord } from '../model/host-agent.ts';
import { historyKind, remember } from '../state/history.ts';
import { openDocument } from '../state/open-document.ts';

/** The jobs that have ended, on disk: they outlive the agent. One process at a time has it open. */
export interface JobHistory {
  /** Newest first. */
  readonly records: () => readonly JobRecord[];
  /** So many bytes more have come over the wire for a job. */
  readonly onReceived: (id: bigint, bytes: number) => void;
  /** A job has brought an image, whatever becomes of the others. */
  readonly onPulled: (id: bigint, reference: string) => void;
  readonly onEnded: (job: Job) => void;
  /** That its file could not be used, and where it is now. */
  readonly damage?: string;
}

/** What a job has done so far. */
interface Done {
  readonly fetchedBytes: number;
  readonly pulled: ReadonlySet<string>;
}

const nothing: Done = { fetchedBytes: 0, pulled: new Set() };
const imagesMax = 20;
const textLength = 500;

/**
 * @param folder `/var/lib/bound-images`
 * @throws Failure `Internal` where the file cannot be read
 */
export async function openJobHistory(folder: string): Promise<JobHistory> {
  const document = await openDocument(folder, historyKind, Date.now());
  const done = new Map<bigint, Done>();
  const doneBy = (id: bigint): Done => done.get(id) ?? nothing;
  return {
    records: document.value,
    onReceived(id, bytes) {
      const before = doneBy(id);
      done.set(id, { ...before, fetchedBytes: before.fetchedBytes + bytes });
    },
    onPulled(id, reference) {
      const before = doneBy(id);
      done.set(id, { ...before, pulled: new Set([...before.pulled, reference]) });
    },
    onEnded(job) {
      const record = recordOf(job, doneBy(job.id));
      done.delete(job.id);
      if (record === undefined) return;
      // What the disk does not take now is written with the next; a job is none the worse for it.
      document.update((history) => remember(history, record)).catch(() => undefined);
    },
    ...(document.damage === undefined ? {} : { damage: document.damage }),
  };
}

/** Undefined of what only looked, and of a job that has not ended. */
export function recordOf(job: Job, { fetchedBytes, pulled }: Done): JobRecord | undefined {
  const { id, operation, startedByUid, startTimeUs, endTimeUs, state, error, result } = job;
  const ended = state === 'succeeded' || state === 'failed' || state === 'cancelled';
  if (!ended || result.dryRun === true) return undefined;
  const { damaged = [] } = result;
  const images = damaged.length > 0 ? damaged : [...new Set([...(result.images ?? []), ...pulled])];
  return {
    id,
    operation,
    startedByUid,
    startTimeUs,
    endTimeUs,
    result: state,
    fetchedBytes,
    freedBytes: result.freedBytes ?? 0,
    images: images.slice(0, imagesMax),
    imagesTotal: images.length,
    damagedTotal: damaged.length,
    ...(error === undefined ? {} : { error: { ...error, text: error.text.slice(0, textLength) } }),
  };
}
