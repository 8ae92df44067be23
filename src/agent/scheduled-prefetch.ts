import { asFailure, type Failure } from '../model/failure.ts';
import type { Host } from './host.ts';
import { checkFetching } from './host-fetching.ts';
import { nowUs } from './host-memory.ts';

/**
 * Does what nobody waits for, where it may be done now. Where it may not, or what failed is to be tried again, it is remembered when:
 * `guardHost` begins it then, in whichever process that is. So it goes on, too, where a kill breaks it off.
 * @throws Failure of the work, `Postponed`
 */
export async function runScheduled<T>(host: Host, work: () => Promise<T>): Promise<T> {
  const { memory } = host;
  await memory.setPostponed({ untilUs: nowUs(), reason: 'the agent was ended while it fetched' });
  try {
    await checkFetching(host);
    const result = await work();
    await memory.setPostponed(undefined);
    return result;
  } catch (error) {
    const failure = asFailure(error);
    await memory.setPostponed(postponedOf(failure));
    throw failure;
  }
}

function postponedOf({ message, retryAfterMs }: Failure): ReturnType<Host['memory']['postponed']> {
  if (retryAfterMs === undefined) return undefined;
  return { untilUs: nowUs() + Math.round(retryAfterMs * 1_000), reason: message };
}
