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

/** @param now milliseconds of a clock that never jumps: performance.now() */
export function watchStall(limitMs: number, signal: AbortSignal, now: () => number): StallWatch {
  const stop = new AbortController();
  let pending = 0;
  let atMs = now();
  let paused = false;
  let stalled = false;
  const look = (): void => {
    if (paused || pending >= idleBytes) {
      pending = 0;
      atMs = now();
    } else if (now() - atMs >= limitMs) {
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
      const beforeMs = now();
      paused = true;
      try {
        return await work;
      } finally {
        paused = false;
        atMs = Math.min(now(), atMs + now() - beforeMs);
      }
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
