import { describe, expect, it } from 'vitest';
import { assess } from '../../src/plan/assess.ts';
import { digestOf, inventory, storedImage, want } from '../support/samples.ts';

const kindOf = (image: string, ...stored: Parameters<typeof inventory>[0]) =>
  assess([want(image)], inventory(stored)).map(({ kind }) => kind);

describe('assess', () => {
  it('finds an image by its exact name', () => {
    expect(kindOf('example.com/app:1', storedImage('example.com/app:1'))).toEqual(['present']);
    expect(kindOf('example.com/app:1', storedImage('example.com/app:2'))).toEqual(['missing']);
  });

  it('looks for a short name under the name that containers-storage gives it', () => {
    expect(kindOf('alpine', storedImage('docker.io/library/alpine:latest'))).toEqual(['present']);
  });

  it('says damaged where something that the image needs is gone', () => {
    expect(kindOf('example.com/app:1', storedImage('example.com/app:1', { missing: ['layer x'] }))).toEqual([
      'damaged',
    ]);
  });

  it('accepts the digest of the index that an image was chosen from', () => {
    const image = `example.com/app:1@${digestOf('index')}`;
    expect(kindOf(image, storedImage(image, { digests: [digestOf('own'), digestOf('index')] }))).toEqual([
      'present',
    ]);
  });

  it('says mismatch where another digest stands under the name', () => {
    const image = `example.com/app@${digestOf('wanted')}`;
    expect(kindOf(image, storedImage(image, { digests: [digestOf('other')] }))).toEqual(['mismatch']);
  });
});
