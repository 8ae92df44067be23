import type { DailyWindow } from '../model/daily-window.ts';
import { keys, type Key, type KeyOf, type Section, type ValueOf } from './keys.ts';
import type { Settings } from './parse-configuration.ts';

/** All that can be configured, with its units. Deeply frozen. 0 of a limit is none. */
export interface Configuration {
  readonly fetch: {
    readonly engine: 'auto' | 'mirror' | 'direct';
    readonly parallel: number;
    readonly bandwidthLimitBytesPerSecond: number;
    readonly dailyLimitBytes: number;
    readonly stallLimitMs: number;
    readonly cacheLimitBytes: number;
    /** Always, where there are none. */
    readonly windows: readonly DailyWindow[];
    readonly windowJitterMs: number;
    readonly metered: 'postpone' | 'allow';
    /** Folders of this host, each an OCI layout. */
    readonly sourcePaths: readonly string[];
  };
  readonly store: {
    readonly mode: 'auto' | 'bootc' | 'own';
    readonly path?: string;
    readonly reserveBytes: number;
    readonly retain: 'none' | 'damaged-store' | 'all';
  };
  readonly boot: { readonly verify: 'fail' | 'warn' | 'off' };
  readonly guard: { readonly repair: boolean };
  readonly metrics: { readonly textfilePath?: string };
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' };
}

/** The defaults, and what files set over them, the last most. */
export function makeConfiguration(files: readonly Settings[]): Configuration {
  const value = <S extends Section, K extends KeyOf<S>>(section: S, key: K): ValueOf<S, K> => {
    const { parse, fallback }: Key<unknown> = keys[section][key] as Key<unknown>;
    const path = `${section}.${key}`;
    const found = files.findLast((settings) => settings.has(path))?.get(path) ?? parse(fallback);
    return found as ValueOf<S, K>;
  };
  const textfilePath = value('metrics', 'textfile').path;
  return deepFreeze({
    fetch: {
      engine: value('fetch', 'engine'),
      parallel: value('fetch', 'parallel'),
      bandwidthLimitBytesPerSecond: value('fetch', 'bandwidth-limit'),
      dailyLimitBytes: value('fetch', 'daily-limit'),
      stallLimitMs: value('fetch', 'stall-limit'),
      cacheLimitBytes: value('fetch', 'cache-limit'),
      windows: value('fetch', 'window'),
      windowJitterMs: value('fetch', 'window-jitter'),
      metered: value('fetch', 'metered'),
      sourcePaths: value('fetch', 'sources'),
    },
    store: {
      mode: value('store', 'mode'),
      ...value('store', 'path'),
      reserveBytes: value('store', 'reserve'),
      retain: value('store', 'retain'),
    },
    boot: { verify: value('boot', 'verify') },
    guard: { repair: value('guard', 'repair') },
    metrics: textfilePath === undefined ? {} : { textfilePath },
    log: { level: value('log', 'level') },
  });
}

function deepFreeze<T extends object>(value: T): T {
  for (const below of Object.values(value) as unknown[])
    if (typeof below === 'object' && below !== null) deepFreeze(below);
  return Object.freeze(value);
}
