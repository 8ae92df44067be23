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

type Limits = Pick<Host, 'configuration' | 'ledger'>;

/** @throws Failure `Postponed` where what nobody waits for may not fetch now; it says when it may */
export async function checkFetching({ configuration, ledger }: Limits): Promise<void> {
  const { metered, dailyLimitBytes } = configuration.fetch;
  const clock = wallClock();
  checkWindow(await windowsOf(configuration), Date.now(), clock);
  checkBudget(ledger.value(), dailyLimitBytes, Date.now(), clock);
  await checkMetered(metered, callSystemBus);
}

async function windowsOf({ fetch }: Host['configuration']): Promise<ReturnType<typeof hostWindows>> {
  return hostWindows(fetch.windows, fetch.windowJitterMs, await readHostFraction('/', Math.random));
}

/**
 * @param scheduled whether nobody waits for it: then it obeys the window, metered networks and the day's limit
 * @throws Failure `Postponed` where it may not begin
 */
export async function openHostFetching(
  host: Limits & Pick<Host, 'memory' | 'onReceived'>,
  scheduled: boolean,
): Promise<HostFetching> {
  const { configuration, ledger, memory, onReceived: tell } = host;
  const clock = wallClock();
  const stop = new AbortController();
  const { dailyLimitBytes } = configuration.fetch;
  const count = countBytes(ledger, dailyLimitBytes, clock, Date.now);
  const stopFor = (error: unknown): void => stop.abort(asFailure(error));
  const stopUnlessAllowed = (): void => void checkFetching(host).catch(stopFor);
  const stopIfSpent = (): void => {
    if (dailyLimitBytes === 0 || count.left() > 0) return;
    try {
      checkBudget(ledger.value(), dailyLimitBytes, Date.now(), clock);
    } catch (error) {
      stopFor(error);
    }
  };
  const timers: NodeJS.Timeout[] = [];
  if (scheduled) {
    await checkFetching(host);
    timers.push(setInterval(stopUnlessAllowed, lookMs));
    const opening = openingAt(await windowsOf(configuration), Date.now(), clock);
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
        if (scheduled) stopIfSpent();
      },
    },
    async [Symbol.asyncDispose]() {
      timers.forEach(clearInterval);
      await count[Symbol.asyncDispose]();
    },
  };
}
