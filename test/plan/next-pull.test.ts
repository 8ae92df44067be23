import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asDigest, type Digest } from '../../src/model/digest.ts';
import { type LayerNeed, nextPull } from '../../src/plan/next-pull.ts';
import { digestOf } from '../support/samples.ts';

const need = (...layers: string[]): LayerNeed => ({ missing: new Set(layers.map(digestOf)) });
const nothing: ReadonlySet<Digest> = new Set();

describe('nextPull', () => {
  it('starts nothing where nothing waits', () => {
    expect(nextPull([], [need('base')], nothing)).toBeUndefined();
  });

  it('holds back an image that shares a missing layer with a running one', () => {
    expect(nextPull([need('base', 'b')], [need('base', 'a')], nothing)).toBeUndefined();
  });

  it('lets it go once the shared layer has arrived', () => {
    const waiting = need('base', 'b');
    expect(nextPull([waiting], [need('base', 'c')], new Set([digestOf('base')]))).toBe(waiting);
  });

  it('starts another image beside a running one with which it shares nothing', () => {
    const free = need('other');
    expect(nextPull([need('base', 'b'), free], [need('base', 'a')], nothing)).toBe(free);
  });

  it('starts first the image whose layers most others wait for', () => {
    const shared = need('base', 'a');
    expect(nextPull([need('alone'), shared, need('base', 'b')], [], nothing)).toBe(shared);
  });

  it('never lets two that share a missing layer run at once, and starts every pull in the end', () => {
    const layers = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 4 });
    const finishOrder = fc.infiniteStream(fc.nat());
    fc.assert(
      fc.property(fc.array(layers, { maxLength: 8 }), finishOrder, (images, picks) => {
        const waiting = images.map((image) => need(...image));
        const running: LayerNeed[] = [];
        const arrived = new Set<Digest>();
        let started = 0;
        while (waiting.length > 0 || running.length > 0) {
          const next = running.length < 2 ? nextPull(waiting, running, arrived) : undefined;
          if (next === undefined) {
            expect(running.length, 'a pull must run while others wait').toBeGreaterThan(0);
            const [ended] = running.splice(picks.next().value % running.length, 1);
            for (const digest of ended?.missing ?? []) arrived.add(digest);
            continue;
          }
          for (const other of running) {
            const shared = next.missing.intersection(other.missing);
            for (const digest of shared) expect(arrived, 'shared and missing').toContain(asDigest(digest));
          }
          waiting.splice(waiting.indexOf(next), 1);
          running.push(next);
          started += 1;
        }
        expect(started).toBe(images.length);
      }),
    );
  });
});
