import type { DailyWindow } from '../model/daily-window.ts';

const pattern = /^([01]\d|2[0-4]):([0-5]\d) ?- ?([01]\d|2[0-4]):([0-5]\d)$/;
const dayMs = 24 * 3_600_000;
const mostWindows = 50;

/** What `"22:00-06:00"`, or a list of such, means; undefined where that is not said. An empty list is none. */
export function parseWindows(value: unknown): readonly DailyWindow[] | undefined {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (texts.length > mostWindows) return undefined;
  const windows = texts.map(parseWindow).filter((window) => window !== undefined);
  return windows.length === texts.length ? windows : undefined;
}

function parseWindow(text: unknown): DailyWindow | undefined {
  if (typeof text !== 'string') return undefined;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const startMs = msOfDay(match[1], match[2]);
  const endMs = msOfDay(match[3], match[4]);
  if (startMs >= dayMs || endMs > dayMs || startMs === endMs) return undefined;
  return { startMs, endMs };
}

function msOfDay(hours: string | undefined, minutes: string | undefined): number {
  return Number(hours) * 3_600_000 + Number(minutes) * 60_000;
}
