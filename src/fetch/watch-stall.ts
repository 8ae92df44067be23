/** Less than that in the whole time is none. */
const idleBytes = 1024;
const looksPerLimit = 8;

export interface StallWatch extends Disposable {
  /** Aborts when nothing comes for too long, or `signal` does. */
  readonly signal: AbortSignal;
  stalled(): boolean;
  received(sizeBytes: number): void;
  /** Time that we take ourselves does not count. */
  pause<T>(work: Promise<T>): Promise<T>;
}

export function watchStall(limitMs: number, signal: AbortSignal): StallWatch {
  const stop = new AbortController();
  let pending = 0;
  let idleLooks = 0;
  let paused = false;
  let stalled = false;
  // Looks are counted, and not the time between them: who gets no turn for long has not read what came meanwhile.
  const look = (): void => {
    if (pending >= idleBytes) {
      pending = 0;
      idleLooks = 0;
    } else if (!paused) {
      idleLooks += 1;
      if (idleLooks < looksPerLimit) return;
      stalled = true;
      stop.abort();
    }
  };
  const timer = setInterval(look, limitMs / looksPerLimit);
  return {
    signal: AbortSignal.any([signal, stop.signal]),
    stalled: () => stalled,
    received: (sizeBytes) => {
      pending += sizeBytes;
    },
    pause: async (work) => {
      paused = true;
      try {
        return await work;
      } finally {
        paused = false;
      }
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
