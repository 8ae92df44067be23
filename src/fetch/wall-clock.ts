export interface WallTime {
  /** `2026-11-21`, which sorts as days follow each other. */
  readonly day: string;
  /** As a clock on the wall shows it: on the days that clocks are changed not what has passed since midnight. */
  readonly msOfDay: number;
}

/** What a clock on the wall shows at a moment, in milliseconds since the epoch. */
export type WallClock = (epochMs: number) => WallTime;

export const dayMs = 24 * 3_600_000;
/** Clocks are changed at moments that are whole quarters of an hour in UTC. */
const quarterMs = 15 * 60_000;

/** @param timeZone of the IANA database; the host's own unless given */
export function wallClock(timeZone?: string): WallClock {
  const format = new Intl.DateTimeFormat('en-US', {
    ...(timeZone === undefined ? {} : { timeZone }),
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  return (epochMs) => {
    const parts = Object.fromEntries(format.formatToParts(epochMs).map(({ type, value }) => [type, value]));
    const seconds = (Number(parts['hour']) * 60 + Number(parts['minute'])) * 60 + Number(parts['second']);
    return {
      day: `${parts['year']?.padStart(4, '0')}-${parts['month']}-${parts['day']}`,
      msOfDay: seconds * 1_000 + (((epochMs % 1_000) + 1_000) % 1_000),
    };
  };
}

/**
 * The first moment from `fromMs` on, within three days, at which something holds that can change only when the clock shows
 * one of `boundariesMs`, or is changed.
 */
export function firstMoment(
  fromMs: number,
  clock: WallClock,
  boundariesMs: readonly number[],
  holds: (wall: WallTime) => boolean,
): number | undefined {
  let atMs = fromMs;
  while (atMs <= fromMs + 3 * dayMs) {
    const wall = clock(atMs);
    if (holds(wall)) return atMs;
    // No step goes over a change of the clock, so that within it the wall's time is the time that passes.
    const toQuarterMs = quarterMs - (atMs % quarterMs);
    const gapsMs = boundariesMs.map((boundary) => ((boundary - wall.msOfDay - 1 + 2 * dayMs) % dayMs) + 1);
    atMs += Math.min(toQuarterMs, ...gapsMs);
  }
  return undefined;
}

/** `2026-11-21 22:14`, not before the moment. */
export function showMoment(epochMs: number, clock: WallClock): string {
  const { day, msOfDay } = clock(Math.ceil(epochMs / 60_000) * 60_000);
  const minutes = Math.floor(msOfDay / 60_000);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${day} ${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
