import type { Failure } from '../model/failure.ts';

/** What those who read a file while it grows are told of it. */
export interface Growth {
  /** Bytes that can be read. */
  bytes(): number;
  /** Whether all is there, and its digest is right: nobody need wait for the disk. */
  isWhole(): boolean;
  /** Undefined while it goes on. */
  end(): { readonly failure: Failure | undefined } | undefined;
  /** Resolves at the next change. To be asked before the values are read, or a change is missed. */
  change(): Promise<void>;
}

export interface GrowthTeller extends Growth {
  tell(bytes: number): void;
  tellWhole(): void;
  tellEnd(failure: Failure | undefined): void;
}

export function createGrowth(): GrowthTeller {
  let bytes = 0;
  let whole = false;
  let end: { readonly failure: Failure | undefined } | undefined;
  let next = Promise.withResolvers<void>();
  const changed = (): void => {
    next.resolve();
    next = Promise.withResolvers();
  };
  return {
    bytes: () => bytes,
    isWhole: () => whole,
    end: () => end,
    change: () => next.promise,
    tell: (now) => {
      bytes = now;
      changed();
    },
    tellWhole: () => {
      whole = true;
      changed();
    },
    tellEnd: (failure) => {
      end ??= { failure };
      changed();
    },
  };
}
