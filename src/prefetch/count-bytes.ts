import { bytesLeft, spend } from '../fetch/day-budget.ts';
import type { WallClock } from '../fetch/wall-clock.ts';
import type { DayLedger } from '../model/day-ledger.ts';
import type { StateDocument } from '../state/open-document.ts';

/** Written down before it is used, so that a kill gives no byte twice; what is not used is given back. */
const chunkBytes = 16 * 1024 * 1024;

/** Counts what downloads take of a day's bytes. */
export interface ByteCount extends AsyncDisposable {
  readonly add: (bytes: number) => void;
  /** Of today. Infinity where there is no limit. */
  readonly left: () => number;
}

/** @param limitBytes of a day; 0 is none */
export function countBytes(
  ledger: StateDocument<DayLedger>,
  limitBytes: number,
  clock: WallClock,
  nowMs: () => number,
): ByteCount {
  /** Spent in the ledger, and not used yet. */
  let aheadBytes = 0;
  const today = (): string => clock(nowMs()).day;
  const write = async (bytes: number): Promise<void> => {
    if (bytes !== 0) await ledger.update((before) => spend(before, today(), bytes));
  };
  return {
    add(bytes) {
      aheadBytes -= bytes;
      if (aheadBytes >= 0) return;
      const leftBytes = bytesLeft(ledger.value(), today(), limitBytes);
      const more = Math.max(-aheadBytes, Math.min(chunkBytes, leftBytes));
      aheadBytes += more;
      // The value counts at once; that it cannot be written down now is no reason to break off a download.
      write(more).catch(() => undefined);
    },
    left: () => bytesLeft(ledger.value(), today(), limitBytes) + (limitBytes === 0 ? 0 : aheadBytes),
    async [Symbol.asyncDispose]() {
      await write(-aheadBytes).catch(() => undefined);
      aheadBytes = 0;
    },
  };
}
