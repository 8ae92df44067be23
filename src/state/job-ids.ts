import * as v from 'valibot';
import { Failure } from '../model/failure.ts';
import { openDocument, type DocumentKind } from './open-document.ts';

interface Ids {
  /** No id from this on was ever given. */
  readonly reservedUntil: number;
}

const jobIdsKind: DocumentKind<Ids> = {
  name: 'job-ids.json',
  version: 1,
  limitBytes: 4096,
  schema: v.object({ reservedUntil: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) }),
  empty: { reservedUntil: 1 },
};

/** Half of it can be given while the disk is slow to take the next reservation. */
const blockLength = 256;

export interface JobIds {
  /** Has to have returned before the first `take`. @throws Failure `NoSpace`, `Internal`; it may be called again */
  readonly prepare: () => Promise<void>;
  /** An id that no other job of this host has had. @throws Failure `Busy` where the disk does not take the reservations */
  readonly take: () => bigint;
  readonly damage?: string;
}

/**
 * Ids are reserved by the block, in the file before any is given: what a kill leaves unused is left out. An agent that begins no
 * job writes nothing.
 * @throws Failure `Internal` where the file cannot be read
 */
export async function openJobIds(folder: string, nowMs: number): Promise<JobIds> {
  const document = await openDocument(folder, jobIdsKind, nowMs);
  // What was given is not known any more. Milliseconds since the epoch are more than can have been counted to.
  let next = document.damage === undefined ? document.value().reservedUntil : Math.max(1, Math.floor(nowMs));
  let end = next;
  let problem: unknown;
  let reserving: Promise<void> | undefined;
  const reserve = async (): Promise<void> => {
    const wanted = end + blockLength;
    await document.update(() => ({ reservedUntil: wanted }));
    end = wanted;
  };
  const reserveOnce = async (): Promise<void> => {
    reserving ??= reserve().finally(() => (reserving = undefined));
    return reserving;
  };
  return {
    prepare: async () => (end > next ? undefined : reserveOnce()),
    take: () => {
      if (end - next <= blockLength / 2) reserveOnce().catch((error: unknown) => void (problem = error));
      if (next >= end)
        throw new Failure('Busy', `the id of a new job cannot be reserved in ${folder}/${jobIdsKind.name}`, {
          cause: problem,
        });
      next += 1;
      return BigInt(next - 1);
    },
    ...(document.damage === undefined ? {} : { damage: document.damage }),
  };
}
