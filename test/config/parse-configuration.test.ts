import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeConfiguration } from '../../src/config/configuration.ts';
import { keys, type Key } from '../../src/config/keys.ts';
import { parseConfiguration } from '../../src/config/parse-configuration.ts';
import { Failure } from '../../src/model/failure.ts';

function failureOf(text: string): string {
  try {
    parseConfiguration(text, '/etc/bound-images.toml');
    return 'none';
  } catch (error) {
    expect(error).toMatchObject({ code: 'BadConfiguration' });
    return (error as Failure).message.replaceAll('/etc/bound-images.toml', 'F');
  }
}

// [what, text, message]
const mistakes: [string, string, string][] = [
  ['misspelt', '[fetch]\n\nparalel = 2\n', 'F:3: fetch.paralel is unknown; did you mean fetch.parallel?'],
  [
    'nothing like it',
    '[fetch]\nfoo = 2\n',
    'F:2: fetch.foo is unknown; remove it, or see bound-images.toml(5)',
  ],
  [
    'in a wrong table',
    '[store]\nengine = "direct"',
    'F:2: store.engine is unknown; did you mean fetch.engine?',
  ],
  ['in no table', 'window = "22:00-06:00"', 'F:1: [window] is unknown; did you mean [fetch]?'],
  ['misspelt table', '[log]\nlevel="info"\n[fetsch]\n', 'F:3: [fetsch] is unknown; did you mean [fetch]?'],
  ['no table', 'fetch = 3', 'F:1: fetch has to be a table; write [fetch], and its keys below'],
  [
    'list of tables',
    '[[fetch]]\nparallel = 3',
    'F:1: fetch has to be a table; write [fetch], and its keys below',
  ],
  [
    'every object has it',
    '[fetch]\nconstructor = 1',
    'F:2: fetch.constructor is unknown; remove it, or see bound-images.toml(5)',
  ],
  ['a prototype', '__proto__ = 1', 'F:1: [__proto__] is unknown; remove it, or see bound-images.toml(5)'],
  [
    'not TOML',
    '[fetch]\nparallel = 1\nparallel = 2',
    'F:3: not TOML: trying to redefine an already defined table or value',
  ],
  ['choice', '[boot]\nverify = "no"', 'F:2: boot.verify is "no"; it has to be "fail", "warn" or "off"'],
  ['count', '[fetch]\nparallel = 33', 'F:2: fetch.parallel is 33; it has to be a whole number from 1 to 32'],
  ['flag', '[guard]\nrepair = "true"', 'F:2: guard.repair is "true"; it has to be true or false'],
  [
    'size',
    '[store]\nreserve = "10M"',
    'F:2: store.reserve is "10M"; it has to be a size such as "500MB" or "20GiB", or a number of bytes',
  ],
  [
    'rate',
    '[fetch]\nbandwidth-limit = "10Mbit/s"',
    'F:2: fetch.bandwidth-limit is "10Mbit/s"; it has to be a rate such as "10MB/s", or a number of bytes per second',
  ],
  [
    'duration',
    '[fetch]\nstall-limit = "0s"',
    'F:2: fetch.stall-limit is "0s"; it has to be a time with its unit, such as "90s" or "1h 30min", at least 1s',
  ],
  [
    'date',
    '[fetch]\nparallel = 2026-11-21',
    'F:2: fetch.parallel is a table or date; it has to be a whole number from 1 to 32',
  ],
  [
    'path',
    '[metrics]\ntextfile = "metrics.prom"',
    'F:2: metrics.textfile is "metrics.prom"; it has to be an absolute path that ends in ".prom", or ""',
  ],
  [
    'path upwards',
    '[store]\npath = "/var/../etc"',
    'F:2: store.path is "/var/../etc"; it has to be an absolute path, or ""',
  ],
  [
    'source',
    '[fetch]\nsources = ["dir:/x"]',
    'F:2: fetch.sources is a list; it has to be a list of OCI layouts, such as ["oci:/var/mnt/usb/images"]',
  ],
  [
    'dotted',
    'log.level = "info"\nstore.mode = "x"',
    'F:2: store.mode is "x"; it has to be "auto", "bootc" or "own"',
  ],
  [
    'inline',
    '\nlog = { level = "x" }',
    'F:2: log.level is "x"; it has to be "debug", "info", "warn" or "error"',
  ],
  [
    'quoted, over lines',
    '[fetch]\r\n# parallel = 1\r\n"parallel" = [\r\n1,\r\n]',
    'F:3: fetch.parallel is a list; it has to be a whole number from 1 to 32',
  ],
  [
    'every mistake',
    '[log]\nlevel = 1\n[boot]\nverify = 2',
    'F:2: log.level is 1; it has to be "debug", "info", "warn" or "error"\nF:4: boot.verify is 2; it has to be "fail", "warn" or "off"',
  ],
];

test.each(mistakes)('a mistake: %s', (_what, text, message) => {
  expect(failureOf(text)).toBe(message);
});

test('a line in a string of several lines is no key', () => {
  const text = '[log]\nlevel = """\nparallel = 3\n"""\n[fetch]\nparallel = 0';
  expect(
    failureOf(text)
      .split('\n')
      .map((line) => line.slice(0, 20)),
  ).toEqual(['F:2: log.level is "p', 'F:6: fetch.parallel ']);
});

test('what a file holds is shown bounded, and without control characters', () => {
  const text = `[log]\nlevel = "${'x'.repeat(10_000)}"\n[fetch]\n"a\\u001b[31m" = 1\n`;
  const message = failureOf(text);
  expect(message.length).toBeLessThan(500);
  expect(message).toContain(String.raw`fetch."a\u001b[31m" is unknown`);
  const many = Array.from({ length: 1000 }, (_, index) => `k${index} = 1`).join('\n');
  expect(failureOf(`[fetch]\n${many}`).split('\n')).toHaveLength(10);
});

test('every text is settings or a BadConfiguration', () => {
  const names = Object.entries(keys).flatMap(([section, known]) => [section, ...Object.keys(known)]);
  const word = fc.oneof(
    fc.constantFrom(...names, '[', ']', '=', '\n', '"', '.', '{', '}', '1', '__proto__'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 20 }), (words) => {
      try {
        parseConfiguration(words.join(''), 'F');
      } catch (error) {
        expect(error).toBeInstanceOf(Failure);
        expect(error).toMatchObject({ code: 'BadConfiguration' });
      }
    }),
  );
});

test('every default fits its key', () => {
  const misfits = Object.values(keys)
    .flatMap((known): Key<unknown>[] => Object.values(known))
    .filter(({ parse, fallback }) => parse(fallback) === undefined);
  expect(misfits).toEqual([]);
});

test('the defaults', () => {
  expect(makeConfiguration([])).toEqual({
    fetch: {
      engine: 'auto',
      parallel: 6,
      bandwidthLimitBytesPerSecond: 0,
      dailyLimitBytes: 0,
      stallLimitMs: 120_000,
      cacheLimitBytes: 20e9,
      windows: [],
      windowJitterMs: 1_800_000,
      metered: 'postpone',
      sourcePaths: [],
    },
    store: { mode: 'auto', reserveBytes: 1e9, retain: 'none' },
    boot: { verify: 'fail' },
    guard: { repair: true },
    metrics: {},
    log: { level: 'info' },
  });
});

test('every key reaches the configuration', () => {
  const text = `
[fetch]
engine = "direct"
parallel = 2
bandwidth-limit = "10MB/s"
daily-limit = "5GB"
stall-limit = "1min"
cache-limit = 0
window = ["22:00-06:00"]
window-jitter = "1h"
metered = "allow"
sources = ["oci:/var/mnt/usb/images"]
[store]
mode = "own"
path = "/var/srv/store"
reserve = "2GiB"
retain = "all"
[boot]
verify = "off"
[guard]
repair = false
[metrics]
textfile = "/var/lib/node-exporter/bound-images.prom"
[log]
level = "debug"
`;
  const settings = parseConfiguration(text, 'F');
  expect(settings.size).toBe(Object.values(keys).flatMap((known) => Object.keys(known)).length);
  const configuration = makeConfiguration([settings]);
  expect(configuration).toEqual({
    fetch: {
      engine: 'direct',
      parallel: 2,
      bandwidthLimitBytesPerSecond: 10e6,
      dailyLimitBytes: 5e9,
      stallLimitMs: 60_000,
      cacheLimitBytes: 0,
      windows: [{ startMs: 22 * 3_600_000, endMs: 6 * 3_600_000 }],
      windowJitterMs: 3_600_000,
      metered: 'allow',
      sourcePaths: ['/var/mnt/usb/images'],
    },
    store: { mode: 'own', path: '/var/srv/store', reserveBytes: 2 * 2 ** 30, retain: 'all' },
    boot: { verify: 'off' },
    guard: { repair: false },
    metrics: { textfilePath: '/var/lib/node-exporter/bound-images.prom' },
    log: { level: 'debug' },
  });
  expect(Object.isFrozen(configuration.fetch.windows[0])).toBe(true);
});
