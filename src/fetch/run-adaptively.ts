import { adaptParallelism, countMax, firstParallelism, sampleMs } from './parallelism.ts';

type Job = () => Promise<void>;

/** Jobs that run in their order, as many at once as the link has a use for. */
export interface AdaptiveRun {
  /** Behind those that wait, or `first`, before them. */
  add(job: Job, first?: boolean): void;
  /**
   * No more will come.
   * @returns once all that began have ended. Throws what a job throws, at once
   */
  end(): Promise<void>;
}

/**
 * When `signal` aborts none begins any more.
 * @param measure bytes received until now, and whether a server has since asked to be left alone
 * @param most at once, whatever the link does
 */
export function runAdaptively(
  measure: () => { readonly receivedBytes: number; readonly overload: boolean },
  signal: AbortSignal,
  most = countMax,
): AdaptiveRun {
  const waiting: Job[] = [];
  const all = Promise.withResolvers<void>();
  // Who asks for the end is told of it; until then a job that throws is nobody's.
  all.promise.catch(() => {});
  let parallelism = firstParallelism(most);
  let running = 0;
  let isClosed = false;
  let sampledBytes = measure().receivedBytes;
  /** As many as may have run since the last sample: only then does its rate say something of their number. */
  let full = true;

  const start = (): void => {
    while (running < parallelism.count && !signal.aborted) {
      const job = waiting.shift();
      if (job === undefined) break;
      running += 1;
      job().then(() => {
        running -= 1;
        return start();
      }, all.reject);
    }
    full &&= running === parallelism.count;
    if (running === 0 && isClosed) all.resolve();
  };
  const sample = (): void => {
    const { receivedBytes, overload } = measure();
    const bytesPerSecond = ((receivedBytes - sampledBytes) * 1_000) / sampleMs;
    sampledBytes = receivedBytes;
    if (overload) parallelism = adaptParallelism(parallelism, { kind: 'overload' }, most);
    else if (full && waiting.length > 0)
      parallelism = adaptParallelism(parallelism, { kind: 'rate', bytesPerSecond }, most);
    full = true;
    start();
  };
  const timer = setInterval(sample, sampleMs);
  return {
    add: (job, first = false) => {
      if (first) waiting.unshift(job);
      else waiting.push(job);
      start();
    },
    end: async () => {
      isClosed = true;
      try {
        start();
        await all.promise;
      } finally {
        clearInterval(timer);
      }
    },
  };
}
