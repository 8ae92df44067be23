import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/model/failure.ts';
import type { Pull } from '../../src/prefetch/make-plan.ts';
import {
  type ImportPull,
  type PullEvent,
  type PullResult,
  pullImages,
} from '../../src/prefetch/pull-images.ts';
import { digestOf, manifest, want } from '../support/samples.ts';

function pull(name: string, layers: readonly string[]): Pull {
  const image = `example.com/${name}:1`;
  const described = manifest(image, Object.fromEntries(layers.map((layer) => [layer, 10])));
  return {
    want: want(image),
    reason: 'missing',
    manifest: described,
    missing: new Set(layers.map(digestOf)),
    bytesToFetch: 10 * layers.length,
  };
}

const unused = new AbortController().signal;

/** What ends up in no store needs no disk of its own. */
const pulled = (
  pulls: readonly Pull[],
  importPull: ImportPull,
  signal: AbortSignal,
  onEvent: (event: PullEvent) => void,
): Promise<PullResult[]> => pullImages(pulls, import.meta.dirname, { importPull }, signal, onEvent);

describe('pullImages', () => {
  it('runs at most two at once, and never two that share a missing layer', async () => {
    const running = new Set<Pull>();
    let most = 0;
    const pulls = [
      pull('a', ['base', 'a']),
      pull('b', ['base', 'b']),
      pull('c', ['base', 'c']),
      pull('d', ['d']),
    ];
    const arrived = new Set<string>();
    const results = await pulled(
      pulls,
      async (one) => {
        for (const other of running) {
          for (const digest of one.missing.intersection(other.missing)) expect(arrived).toContain(digest);
        }
        running.add(one);
        most = Math.max(most, running.size);
        await new Promise(setImmediate);
        running.delete(one);
        for (const digest of one.missing) arrived.add(digest);
      },
      unused,
      () => {},
    );
    expect(most).toBe(2);
    expect(results.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('goes on with the others where one fails', async () => {
    const events: string[] = [];
    const onEvent = (event: PullEvent): void => {
      if (event.kind !== 'progress') events.push(`${event.kind} ${event.pull.want.image}`);
    };
    const failing = async ({ want: { image } }: Pull): Promise<void> => {
      if (image === 'example.com/a:1') throw new Failure('Authentication', 'no');
    };
    const results = await pulled([pull('a', ['a']), pull('b', ['b'])], failing, unused, onEvent);
    expect(results.map(({ want: { image }, failure }) => [image, failure?.code])).toEqual([
      ['example.com/a:1', 'Authentication'],
      ['example.com/b:1', undefined],
    ]);
    expect(events).toContain('pulled example.com/b:1');
  });

  it('begins nothing more on a full disk, and says so of each', async () => {
    const begun: string[] = [];
    const results = await pulled(
      [pull('a', ['base', 'a']), pull('b', ['base', 'b'])],
      async ({ want: { image } }) => {
        begun.push(image);
        throw new Failure('NoSpace', 'full');
      },
      unused,
      () => {},
    );
    expect(begun).toHaveLength(1);
    expect(results.map(({ failure }) => failure?.code)).toEqual(['NoSpace', 'NoSpace']);
  });

  it('begins nothing more once it is cancelled', async () => {
    const cancel = new AbortController();
    const begun: string[] = [];
    const results = await pulled(
      [pull('a', ['base', 'a']), pull('b', ['base', 'b'])],
      async ({ want: { image } }, signal) => {
        begun.push(image);
        cancel.abort();
        signal.throwIfAborted();
      },
      cancel.signal,
      () => {},
    );
    expect(begun).toHaveLength(1);
    expect(results.map(({ failure }) => failure?.code)).toEqual(['Cancelled', 'Cancelled']);
  });
});
