import { describe, expect, it } from 'vitest';
import { costOf, layersInStore, missingLayers } from '../../src/plan/cost.ts';
import { digestOf, inventory, manifest, storedLayer } from '../support/samples.ts';

const recordBytes = 15;

describe('costOf', () => {
  it('counts a layer that two images share once', () => {
    const { bytesToFetch } = costOf(
      [manifest('a', { base: 100, a: 1 }), manifest('b', { base: 100, b: 2 })],
      new Set(),
    );
    expect(bytesToFetch).toBe(100 + 1 + 2 + 2 * recordBytes);
  });

  it('counts an image that is wanted under two names once', () => {
    expect(costOf([manifest('a', { a: 7 }), manifest('a', { a: 7 })], new Set()).bytesToFetch).toBe(
      7 + recordBytes,
    );
  });

  it('leaves out what the store has', () => {
    expect(costOf([manifest('a', { base: 100, a: 1 })], new Set([digestOf('base')])).bytesToFetch).toBe(
      1 + recordBytes,
    );
  });

  it('takes an uncompressed layer at its size and a compressed one as three times larger', () => {
    const compressed = manifest('a', { a: 100 });
    const plain = {
      ...compressed,
      layers: compressed.layers.map((layer) => ({
        ...layer,
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
      })),
    };
    expect(costOf([compressed], new Set()).bytesOnDisk).toBe(300 + recordBytes);
    expect(costOf([plain], new Set()).bytesOnDisk).toBe(100 + recordBytes);
  });

  it('is nothing for nothing', () => {
    expect(costOf([], new Set())).toEqual({ bytesToFetch: 0, bytesOnDisk: 0, inodes: 0 });
  });
});

describe('layersInStore', () => {
  it('knows a layer by its blob and by its content', () => {
    const store = inventory([], [storedLayer('blob', { diffDigest: digestOf('content') })]);
    expect(layersInStore(store)).toEqual(new Set([digestOf('blob'), digestOf('content')]));
  });

  it.each([{ incomplete: true }, { folderMissing: true }])('does not count a layer that is %o', (facts) => {
    const present = layersInStore(inventory([], [storedLayer('blob', facts)]));
    expect(missingLayers(manifest('a', { blob: 1 }), present)).toHaveLength(1);
  });
});
