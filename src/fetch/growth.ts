import type { Failure } from '../model/failure.ts';

/** What those who read a file while it grows are told of it. */
export interface Growth {
  /** Bytes that can be read. */
  bytes(): number;
  /** Undefined while it goes on. */
  end(): { readonly failure: Failure | undefined } | undefined;
  /** Resolves at the next change. To be asked before the values are read, or a change is missed. */
  change(): Promise<void>;
}

export interface GrowthTeller extends Growth {
  tell(bytes: number): void;
  tellEnd(failure: Failure | undefined): void;
}

export function createGrowth(): GrowthTeller {
  let bytes = 0;
  let end: { readonly failure: Failure | undefined } | undefined;
  let next = Promise.withResolvers<void>();
  const changed = (): void => {
    next.resolve();
    next = Promise.withResolvers();
  };
  return {
    bytes: () => bytes,
    end: () => end,
    change: () => next.promise,
    tell: (now) => {
      bytes = now;
      changed();
    },
    tellEnd: (failure) => {
      end ??= { failure };
      changed();
    },
  };
}
