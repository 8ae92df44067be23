import { choice, count, duration, flag, layouts, path, rate, size, windows, type Kind } from './kinds.ts';

export interface Key<T> extends Kind<T> {
  /** As it would be written in a file. */
  readonly fallback: string | number | boolean | readonly string[];
  /** For the manual: what it does, in a sentence or two. */
  readonly text: string;
}

/** Every key that a file may hold. bound-images.toml(5) is tested against this table. */
export const keys = {
  fetch: {
    engine: key(
      choice('auto', 'mirror', 'direct'),
      'auto',
      'Who downloads: "mirror", the agent into its cache, able to go on after a cut; "direct", skopeo; "auto", skopeo only for images that it can fetch in parts.',
    ),
    parallel: key(count(1, 32), 6, 'The most downloads at a time.'),
    'bandwidth-limit': key(rate, 0, 'The most bytes per second, of all downloads together. 0 is no limit.'),
    'daily-limit': key(size, 0, 'The most bytes in a day, local time. 0 is no limit.'),
    'stall-limit': key(
      duration(1_000),
      '120s',
      'A download without any progress for that long is given up, and tried again.',
    ),
    'cache-limit': key(
      size,
      '20GB',
      'The most bytes that downloads may keep in /var/cache/bound-images. 0 is no limit.',
    ),
    window: key(
      windows,
      [],
      'When downloads may run, local time, such as "22:00-06:00", or a list. An empty list is always.',
    ),
    'window-jitter': key(
      duration(),
      '30min',
      'Each host starts later than the window opens, by a part of this time that is its own and stays the same; by half of the window at most.',
    ),
    metered: key(
      choice('postpone', 'allow'),
      'postpone',
      'Whether downloads wait while NetworkManager calls the connection metered.',
    ),
    sources: key(layouts, [], 'OCI layouts in folders that are asked for images before any registry.'),
  },
  store: {
    mode: key(
      choice('auto', 'bootc', 'own'),
      'auto',
      'Which store: "bootc", that of bootc; "own", /var/lib/bound-images/storage; "auto", bootc\'s where bootc uses ostree.',
    ),
    path: key(path(), '', 'Another folder for the store. "" is the one that goes with the mode.'),
    reserve: key(size, '1GB', 'Space that is left free on each file system that is written to.'),
    retain: key(
      choice('none', 'damaged-store', 'all'),
      'none',
      'Compressed blobs that are kept for repair without network: "all" that deployments need, or, with "damaged-store", those of images that this host has found damaged before.',
    ),
  },
  boot: {
    verify: key(
      choice('fail', 'warn', 'off'),
      'fail',
      'A boot whose images are not there: "fail" makes it count as failed where boots are assessed, "warn" logs it, "off" does not look.',
    ),
  },
  guard: {
    repair: key(
      flag,
      true,
      'Whether missing and damaged images are fetched again as soon as that is noticed.',
    ),
  },
  metrics: {
    textfile: key(path('.prom'), '', 'File for the textfile collector of node_exporter. "" writes none.'),
  },
  log: {
    level: key(
      choice('debug', 'info', 'warn', 'error'),
      'info',
      'The least severe messages that are logged.',
    ),
  },
} as const satisfies Record<string, Record<string, Key<unknown>>>;

export type Section = keyof typeof keys;
export type KeyOf<S extends Section> = keyof (typeof keys)[S] & string;
export type ValueOf<S extends Section, K extends KeyOf<S>> =
  (typeof keys)[S][K] extends Key<infer T> ? T : never;

function key<T>(kind: Kind<T>, fallback: Key<T>['fallback'], text: string): Key<T> {
  return { ...kind, fallback, text };
}
