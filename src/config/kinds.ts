import type { DailyWindow } from '../model/daily-window.ts';
import { parseDuration } from './parse-duration.ts';
import { parseSize } from './parse-size.ts';
import { parseWindows } from './parse-window.ts';

/** What may stand behind a key. */
export interface Kind<T> {
  /** Ends the sentence "it has to be ...". */
  readonly expected: string;
  /** @returns undefined for a value that does not fit. */
  readonly parse: (value: unknown) => T | undefined;
}

export function choice<const T extends string>(...values: readonly T[]): Kind<T> {
  const quoted = values.map((value) => `"${value}"`);
  return {
    expected: `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`,
    parse: (value) => values.find((known) => known === value),
  };
}

export const flag: Kind<boolean> = {
  expected: 'true or false',
  parse: (value) => (typeof value === 'boolean' ? value : undefined),
};

export function count(least: number, most: number): Kind<number> {
  const fits = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
  return {
    expected: `a whole number from ${least} to ${most}`,
    parse: (value) => (fits(value) ? value : undefined),
  };
}

/** Bytes. */
export const size: Kind<number> = {
  expected: 'a size such as "500MB" or "20GiB", or a number of bytes',
  parse: parseSize,
};

/** Bytes per second. */
export const rate: Kind<number> = {
  expected: 'a rate such as "10MB/s", or a number of bytes per second',
  parse: (value) => parseSize(typeof value === 'string' ? value.replace(/\/s$/, '') : value),
};

/** Milliseconds. */
export function duration(leastMs = 0): Kind<number> {
  return {
    expected: `a time with its unit, such as "90s" or "1h 30min"${leastMs === 0 ? '' : `, at least ${leastMs / 1000}s`}`,
    parse: (value) => {
      const parsedMs = parseDuration(value);
      return parsedMs === undefined || parsedMs < leastMs ? undefined : parsedMs;
    },
  };
}

export const windows: Kind<readonly DailyWindow[]> = {
  expected:
    'a part of the day, such as "22:00-06:00", or a list of such parts ("00:00-24:00" is the whole day)',
  parse: parseWindows,
};

/** Absent for the empty text. */
export function path(ending = ''): Kind<{ readonly path?: string }> {
  const pattern = /^(?:\/[^/\0]+)+$/;
  return {
    expected: `an absolute path${ending === '' ? '' : ` that ends in "${ending}"`}, or ""`,
    parse: (value) => {
      if (value === '') return {};
      const fits = typeof value === 'string' && value.length < 4096 && pattern.test(value);
      return fits && !value.split('/').includes('..') && value.endsWith(ending) ? { path: value } : undefined;
    },
  };
}

/** Absolute paths of OCI layouts. */
export const layouts: Kind<readonly string[]> = {
  expected: 'a list of OCI layouts, such as ["oci:/var/mnt/usb/images"]',
  parse: (value) => {
    if (!Array.isArray(value) || value.length > 50) return undefined;
    const paths = value.map((text: unknown) =>
      typeof text === 'string' && text.startsWith('oci:')
        ? path().parse(text.slice('oci:'.length))?.path
        : undefined,
    );
    const known = paths.filter((found) => found !== undefined);
    return known.length === paths.length ? known : undefined;
  },
};
