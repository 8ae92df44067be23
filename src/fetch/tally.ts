import type { BlobId } from '../model/blob.ts';
import type { Digest } from '../model/digest.ts';
import type { BlobEvent } from './fetch-blob.ts';
import { createRateMeter, remainingMs } from './rate-meter.ts';

export interface Progress {
  /** Of the blobs that were missing when they were asked for. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Over the wire. */
  readonly receivedBytes: number;
  /** The same now, of all of them. */
  readonly bytesPerSecond: number;
  /** Absent while nothing comes. */
  readonly remainingMs?: number;
}

/** Adds up what is told of each blob. */
export interface Tally {
  /** One more blob is to come. */
  expect(blob: BlobId): void;
  add(digest: Digest, event: Extract<BlobEvent, { kind: 'bytes' }>): void;
  /** Over the wire. */
  receivedBytes(): number;
  progress(): Progress;
}

/** @param now milliseconds of a clock that never jumps: performance.now() */
export function createTally(now: () => number): Tally {
  const meter = createRateMeter(now);
  const present = new Map<Digest, number>();
  let totalBytes = 0;
  let doneBytes = 0;
  let receivedBytes = 0;
  return {
    expect: ({ sizeBytes }) => {
      totalBytes += sizeBytes;
    },
    add: (digest, event) => {
      doneBytes += event.presentBytes - (present.get(digest) ?? 0);
      present.set(digest, event.presentBytes);
      receivedBytes += event.receivedBytes;
      meter.add(event.receivedBytes);
    },
    receivedBytes: () => receivedBytes,
    progress: () => {
      const rate = meter.read();
      const leftMs = remainingMs(totalBytes - doneBytes, rate);
      return {
        doneBytes,
        totalBytes,
        receivedBytes,
        bytesPerSecond: Math.round(rate),
        ...(leftMs === undefined ? {} : { remainingMs: leftMs }),
      };
    },
  };
}
