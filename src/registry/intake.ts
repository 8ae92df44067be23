import type { OnReadOpts } from 'node:net';

const bufferBytes = 256 * 1024;
/** With less room than that a buffer is full: reading less at once costs more than passing it on. */
const roomBytes = 32 * 1024;
/** On a slow link what comes in this time is one piece. */
const gatherMs = 10;
/** Of as many answers as are usually read at once. */
const spareMax = 12;
const spare: Buffer[] = [];

/**
 * What a socket receives, in two buffers that are filled by turns: while one is worked on, the other fills, and then the sender waits.
 * A buffer for each read, as streams have, costs three times what reading and hashing cost, and as much memory as is received
 * between two collections.
 */
export interface Intake {
  /** For the socket that is read. */
  readonly onread: OnReadOpts;
  /** The start of what came, as far as the first `mark`; undefined where that is not in the first `limitBytes`. Throws what ends it. */
  readonly start: (mark: string, limitBytes: number) => Promise<string | undefined>;
  /** The bytes after it. Each piece holds until the next is asked for. Throws what ends it before. */
  readonly pieces: (sizeBytes: number) => AsyncGenerator<Buffer>;
  /** No more will come. */
  readonly end: (error: Error) => void;
  /** Its buffers may be used again: nothing is read into them any more. */
  readonly release: () => void;
}

/** @param resume has the socket read on */
export function createIntake(resume: () => void): Intake {
  let filling = spare.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
  let next = spare.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
  /** What is in `filling` and was not passed on. */
  let [from, to] = [0, 0];
  /** Of the body, that were not passed on; 0 until it begins. */
  let leftBytes = 0;
  let ended: Error | undefined;
  let released = false;
  let wake = (): void => {};

  const isFull = (): boolean => filling.length - to < roomBytes;
  const isEnough = (): boolean => isFull() || to - from >= leftBytes || ended !== undefined;
  const change = (limitMs?: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = limitMs === undefined ? undefined : setTimeout(resolve, limitMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  /** The socket was told to read into the other one next, when this one was full. */
  const turn = (): void => {
    [filling, next] = [next, filling];
    [from, to] = [0, 0];
    resume();
  };

  return {
    onread: {
      buffer: () => (isFull() ? next : filling.subarray(to)),
      callback: (length) => {
        to += length;
        if (from + length === to || isEnough()) wake();
        return !isFull();
      },
    },
    async start(mark, limitBytes) {
      for (;;) {
        const found = filling.subarray(0, to).indexOf(mark);
        if (found >= 0) from = found + mark.length;
        if (found >= 0) return from <= limitBytes ? filling.toString('latin1', 0, from) : undefined;
        if (to > limitBytes) return undefined;
        if (ended !== undefined) throw ended;
        await change();
      }
    },
    async *pieces(sizeBytes) {
      leftBytes = sizeBytes;
      while (leftBytes > 0) {
        if (to === from && isFull()) turn();
        if (to === from && ended === undefined) await change();
        if (!isEnough()) await change(gatherMs);
        if (to === from && ended !== undefined) throw ended;
        const piece = filling.subarray(from, Math.min(to, from + leftBytes));
        from = to;
        leftBytes -= piece.length;
        if (isFull() && leftBytes > 0) turn();
        if (piece.length > 0) yield piece;
      }
    },
    end(error) {
      ended ??= error;
      wake();
    },
    release() {
      if (released) return;
      released = true;
      for (const buffer of [filling, next]) if (spare.length < spareMax) spare.push(buffer);
    },
  };
}
