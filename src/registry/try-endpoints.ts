import { asFailure, Failure } from '../model/failure.ts';
import type { Endpoint } from './endpoints.ts';
import { retry, type RetryPlan } from './retry.ts';

/**
 * Does `work` with the first endpoint that can: the mirrors in their order and the primary last, each once; then, where a
 * failure was of the passing kind, the same again after a delay, without those that failed for good.
 * @throws Failure naming what each endpoint said; its code is that of a failure that may pass, or else the primary's
 */
export async function tryEndpoints<T>(
  endpoints: readonly Endpoint[],
  work: (endpoint: Endpoint) => Promise<T>,
  plan: RetryPlan,
  signal: AbortSignal | undefined,
): Promise<T> {
  const failures = new Map<Endpoint, Failure>();
  return retry(
    async () => {
      for (const endpoint of endpoints) {
        if (failures.get(endpoint)?.retry === false) continue;
        try {
          return await work(endpoint);
        } catch (error) {
          const failure = asFailure(error);
          if (failure.code === 'Cancelled' || failure.code === 'Internal') throw failure;
          failures.set(endpoint, failure);
        }
      }
      throw combined(endpoints.flatMap((endpoint) => failures.get(endpoint) ?? []));
    },
    plan,
    signal,
  );
}

function combined(failures: readonly Failure[]): Failure {
  const passing = failures.filter((failure) => failure.retry);
  const leading = passing.at(-1) ?? failures.at(-1);
  if (leading === undefined) return new Failure('Internal', 'a repository without endpoints');
  if (failures.length === 1) return leading;
  const delays = passing.map(({ retryAfterMs }) => retryAfterMs ?? 0);
  const retryAfterMs = Math.min(...delays);
  const text = failures.map(({ message }) => message).join('; and then: ');
  return new Failure(leading.code, text, {
    cause: leading,
    ...(Number.isFinite(retryAfterMs) && retryAfterMs > 0 ? { retryAfterMs } : {}),
  });
}
