import * as v from 'valibot';
import type { FailureCode } from '../model/failure.ts';
import type { JobRecord } from '../model/host-agent.ts';
import type { DocumentKind } from './open-document.ts';

/** A few weeks of a host on which something happens each day. */
const recordsMax = 50;

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const recordSchema = v.object({
  id: whole,
  operation: v.picklist(['prefetch', 'verify', 'gc', 'upgrade']),
  startedByUid: whole,
  startTimeUs: whole,
  endTimeUs: whole,
  result: v.picklist(['succeeded', 'failed', 'cancelled']),
  fetchedBytes: whole,
  freedBytes: whole,
  images: v.array(v.string()),
  imagesTotal: whole,
  damagedTotal: whole,
  error: v.exactOptional(
    v.object({ code: v.custom<FailureCode>((code) => typeof code === 'string'), text: v.string() }),
  ),
});

/** Newest first. */
export const historyKind: DocumentKind<readonly JobRecord[]> = {
  name: 'history.json',
  version: 1,
  limitBytes: 8 * 2 ** 20,
  schema: v.pipe(
    v.array(recordSchema),
    v.transform((records) => records.map(({ id, ...record }) => ({ id: BigInt(id), ...record }))),
  ),
  toJson: (records) => records.map(({ id, ...record }) => ({ id: Number(id), ...record })),
  empty: [],
};

/**
 * The history with one record more. Of jobs that found nothing to do, with no other between them, the last of each kind tells all:
 * what happened stays readable under what a timer asks for four times a day.
 */
export function remember(history: readonly JobRecord[], record: JobRecord): readonly JobRecord[] {
  const eventful = history.findIndex((one) => !isIdle(one));
  const idle = eventful === -1 ? history : history.slice(0, eventful);
  const kept = isIdle(record) ? idle.filter(({ operation }) => operation !== record.operation) : idle;
  return [record, ...kept, ...history.slice(idle.length)].slice(0, recordsMax);
}

function isIdle({ result, fetchedBytes, freedBytes, imagesTotal }: JobRecord): boolean {
  return result === 'succeeded' && fetchedBytes === 0 && freedBytes === 0 && imagesTotal === 0;
}
