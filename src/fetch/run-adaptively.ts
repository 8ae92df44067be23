import { adaptParallelism, firstParallelism, sampleMs } from './parallelism.ts';

/**
 * Runs jobs in their order, as many at once as the link has a use for. When `signal` aborts none begins any more.
 * @param measure bytes received until now, and whether a server has since asked to be left alone
 * @returns once all that began have ended. Throws what a job throws, at once
 */
export async function runAdaptively(
  jobs: readonly (() => Promise<void>)[],
  measure: () => { readonly receivedBytes: number; readonly overload: boolean },
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...jobs];
  const all = Promise.withResolvers<void>();
  let parallelism = firstParallelism;
  let running = 0;
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
    if (running === 0) all.resolve();
  };
  const sample = (): void => {
    const { receivedBytes, overload } = measure();
    const bytesPerSecond = ((receivedBytes - sampledBytes) * 1_000) / sampleMs;
    sampledBytes = receivedBytes;
    if (overload) parallelism = adaptParallelism(parallelism, { kind: 'overload' });
    else if (full && waiting.length > 0)
      parallelism = adaptParallelism(parallelism, { kind: 'rate', bytesPerSecond });
    full = true;
    start();
  };
  const timer = setInterval(sample, sampleMs);
  try {
    start();
    await all.promise;
  } finally {
    clearInterval(timer);
  }
}
