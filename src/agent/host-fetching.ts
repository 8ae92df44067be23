import { readHostFraction } from '../config/host-fraction.ts';
import { checkBudget } from '../fetch/day-budget.ts';
import { checkMetered } from '../fetch/metered.ts';
import { wallClock } from '../fetch/wall-clock.ts';
import { checkWindow, hostWindows, openingAt } from '../fetch/window.ts';
import { asFailure } from '../model/failure.ts';
import { callSystemBus } from './ask-metered.ts';
import { countBytes } from '../prefetch/count-bytes.ts';
import type { Fetching } from '../prefetch/fetching.ts';
import type { Host } from './host.ts';

/** How often it is looked whether what nobody waits for may go on. */
const lookMs = 30_000;

/** Downloads of a host: counted, and ended where they may not go on. */
export interface HostFetching extends AsyncDisposable {
  readonly fetching: Fetching;
  /** Aborts, with a Failure `Postponed` as its reason, when what nobody waits for has to stop. */
  readonly signal: AbortSignal;
}

/**
 * @param scheduled whether nobody waits for it: then it obeys the window, metered networks and the day's limit
 * @throws Failure `Postponed` where it may not begin
 */
export async function openHostFetching(
  {
    configuration,
    ledger,
    memory,
    onReceived: tell,
  }: Pick<Host, 'configuration' | 'ledger' | 'memory' | 'onReceived'>,
  scheduled: boolean,
): Promise<HostFetching> {
  const { windows, windowJitterMs, metered, dailyLimitBytes } = configuration.fetch;
  const clock = wallClock();
  const stop = new AbortController();
  const count = countBytes(ledger, dailyLimitBytes, clock, Date.now);
  const opens = hostWindows(windows, windowJitterMs, await readHostFraction('/', Math.random));
  const check = async (): Promise<void> => {
    checkWindow(opens, Date.now(), clock);
    checkBudget(ledger.value(), dailyLimitBytes, Date.now(), clock);
    await checkMetered(metered, callSystemBus);
  };
  const stopUnlessAllowed = (): void => void check().catch((error: unknown) => stop.abort(asFailure(error)));
  const timers: NodeJS.Timeout[] = [];
  if (scheduled) {
    await check();
    timers.push(setInterval(stopUnlessAllowed, lookMs));
    const opening = openingAt(opens, Date.now(), clock);
    // The clock may be changed meanwhile: then the look every now and then finds it.
    if (opening.kind === 'open' && opening.closesMs - Date.now() < lookMs)
      timers.push(setTimeout(stopUnlessAllowed, opening.closesMs - Date.now()));
  }
  const { retain } = configuration.store;
  return {
    signal: stop.signal,
    fetching: {
      configuration,
      retains: (image) =>
        retain === 'all' ||
        (retain === 'damaged-store' && memory.record(image)?.lastError?.code === 'StoreDamaged'),
      onReceived(bytes) {
        count.add(bytes);
        tell?.(bytes);
        if (scheduled && count.left() <= 0) stopUnlessAllowed();
      },
    },
    async [Symbol.asyncDispose]() {
      timers.forEach(clearInterval);
      await count[Symbol.asyncDispose]();
    },
  };
}
