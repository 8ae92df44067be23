import { describe, expect, it } from 'vitest';
import { wantsOf } from '../../src/plan/want.ts';
import { definition } from '../support/samples.ts';

describe('wantsOf', () => {
  it('makes one want of two definitions of one image', () => {
    const two = [definition('example.com/app:1'), definition('example.com/app:1')];
    const { wants, problems } = wantsOf(two);
    expect(wants).toHaveLength(1);
    expect(wants[0]?.boundBy).toEqual(two);
    expect(problems).toEqual([]);
  });

  it('makes one want of two spellings that the store gives one name', () => {
    const { wants } = wantsOf([definition('alpine'), definition('docker.io/library/alpine:latest')]);
    expect(wants.map(({ storeName }) => storeName)).toEqual(['docker.io/library/alpine:latest']);
  });

  it('names a definition that asks for another platform under the same name', () => {
    const other = definition('example.com/app:1', { arch: 'arm64' });
    const { wants, problems } = wantsOf([definition('example.com/app:1'), other]);
    expect(wants).toHaveLength(1);
    expect(problems).toMatchObject([
      { file: other.file, line: 2, code: 'platform-conflict', severity: 'error' },
    ]);
  });
});
