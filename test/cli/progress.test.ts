import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { PrefetchEvent } from '../../src/prefetch/prefetch.ts';
import type { Pull } from '../../src/prefetch/make-plan.ts';
import { openProgress } from '../../src/cli/progress.ts';
import { Failure } from '../../src/model/failure.ts';
import { manifest, want } from '../support/samples.ts';

const pulls = ['a', 'b'].map((name): Pull => ({
  want: want(`example.com/${name}:1`),
  reason: 'missing',
  manifest: manifest(name, { [name]: 500_000 }),
  missing: new Set(),
  bytesToFetch: 500_000,
}));
const [a, b] = pulls as [Pull, Pull];
const planned: PrefetchEvent = {
  kind: 'planned',
  plan: { kept: [], pulls, unresolved: [], cost: { bytesToFetch: 1_000_000, bytesOnDisk: 0, inodes: 0 } },
};

/** What is written to a stream that is no terminal, or one of some columns: what clears its line is shown as `|`. */
function written(events: readonly PrefetchEvent[], columns?: number): string {
  const stream = new PassThrough({ encoding: 'utf8' });
  const terminal = { isTTY: true, columns, cursorTo: () => true, clearLine: () => stream.write('|') };
  const progress = openProgress(
    Object.assign(stream, columns === undefined ? {} : terminal) as unknown as NodeJS.WriteStream,
  );
  events.forEach(progress.onEvent);
  progress.close();
  return String(stream.read());
}

test('elsewhere than on a terminal: a line for each thing that happened, none for bytes', () => {
  const text = written([
    planned,
    { kind: 'unresolved', want: want('example.com/c:1'), failure: new Failure('NotFound', 'not there') },
    { kind: 'started', pull: a },
    { kind: 'bytes', pull: a, bytesDone: 100 },
    { kind: 'pulled', pull: a },
    { kind: 'failed', pull: b, failure: new Failure('Transient', 'example.com/b:1: busy') },
  ]);
  expect(text.split('\n')).toEqual([
    'To pull: 2, 1 MB',
    'example.com/c:1: not there',
    'example.com/a:1: pulling (missing)',
    'example.com/a:1: present',
    'example.com/b:1: busy',
    '',
  ]);
});

test.each([
  ['wide', 200, 80],
  ['narrow', 40, 40],
  ['of a width that nobody knows', 0, 80],
])(
  'on a terminal that is %s: a bar of all bytes, never over its end, cleared at last',
  (_, columns, widest) => {
    const bars = written(
      [
        planned,
        { kind: 'bytes', pull: a, bytesDone: 250_000 },
        { kind: 'bytes', pull: b, bytesDone: 9_000_000 },
        { kind: 'pulled', pull: a },
      ],
      columns,
    ).split(/[|\n]/);
    const shares = bars.flatMap((bar) => / (\d+) % /.exec(bar)?.[1] ?? []);
    expect([...new Set(shares)]).toEqual(['0', '25', '75', '100']);
    expect(Math.max(...bars.map((bar) => bar.length))).toBeLessThanOrEqual(widest);
    expect(bars.at(-1)).toBe('');
  },
);

test('nothing to pull, nothing said', () => {
  const plan = { kept: [], pulls: [], unresolved: [], cost: { bytesToFetch: 0, bytesOnDisk: 0, inodes: 0 } };
  expect(written([{ kind: 'planned', plan }])).toBe('null');
});
