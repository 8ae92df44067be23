import type { DailyWindow } from '../model/daily-window.ts';
import { Failure } from '../model/failure.ts';
import { dayMs, firstMoment, showMoment, type WallClock } from './wall-clock.ts';

/** Moments in milliseconds since the epoch. */
export type Opening =
  /** Infinity: never closed. */
  | { readonly kind: 'open'; readonly closesMs: number }
  | { readonly kind: 'closed'; readonly opensMs: number };

/**
 * The windows of one host: each begins later by the host's own part of the jitter, at most by half of its length. One that is the
 * whole day stays so.
 * @param fraction of the host, from 0 to below 1
 */
export function hostWindows(
  windows: readonly DailyWindow[],
  jitterMs: number,
  fraction: number,
): readonly DailyWindow[] {
  return windows.map(({ startMs, endMs }) => {
    const lengthMs = endMs > startMs ? endMs - startMs : endMs + dayMs - startMs;
    const delayMs = lengthMs === dayMs ? 0 : Math.floor(fraction * Math.min(jitterMs, lengthMs / 2));
    return { startMs: (startMs + delayMs) % dayMs, endMs };
  });
}

/** Whether downloads may run now, and until or from when. Without windows always. */
export function openingAt(windows: readonly DailyWindow[], nowMs: number, clock: WallClock): Opening {
  if (windows.length === 0) return { kind: 'open', closesMs: Infinity };
  const isOpen = (msOfDay: number): boolean => windows.some((window) => contains(window, msOfDay));
  if (isOpen(clock(nowMs).msOfDay)) {
    const ends = windows.map(({ endMs }) => endMs);
    const closesMs = firstMoment(nowMs, clock, ends, ({ msOfDay }) => !isOpen(msOfDay)) ?? Infinity;
    return { kind: 'open', closesMs };
  }
  const starts = windows.map(({ startMs }) => startMs);
  // A window that every change of clocks goes over does not exist; who looked for one is told to come back in three days.
  const opensMs = firstMoment(nowMs, clock, starts, ({ msOfDay }) => isOpen(msOfDay)) ?? nowMs + 3 * dayMs;
  return { kind: 'closed', opensMs };
}

/** @throws Failure `Postponed` while the windows are closed */
export function checkWindow(windows: readonly DailyWindow[], nowMs: number, clock: WallClock): void {
  const opening = openingAt(windows, nowMs, clock);
  if (opening.kind === 'open') return;
  throw new Failure(
    'Postponed',
    `downloads wait until ${showMoment(opening.opensMs, clock)}, when the window of fetch.window opens`,
    { retryAfterMs: opening.opensMs - nowMs },
  );
}

function contains({ startMs, endMs }: DailyWindow, msOfDay: number): boolean {
  return startMs < endMs ? startMs <= msOfDay && msOfDay < endMs : msOfDay >= startMs || msOfDay < endMs;
}
