import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStagedFile, parseStagedImage } from '../../src/deployments/staged-file.ts';

const name = `${'a8'.repeat(32)}.0`;
const merged = `${'c0'.repeat(32)}.1`;
const id = `default/${name}`;

// As ostree 2025.2 wrote them, but for the sums.
const about = (deployment: string): string =>
  `name\0\0\0\0${deployment}\0\0s\u0005\0osname\0\0default\0\0s\u0007\0\0\0\0\0bootcsum\0\0\0\0\0\0\0\0${'52'.repeat(32)}\0\0s\tNc\u00ad<\0a{sv}`;
const target = `target\0\0${about(name)}\u0007\0\0`;
const merge = `merge-deployment\0\0\0\0\0\0\0\0${about(merged)}\u0011`;
const locked = `${target}locked\0\0\u0001\0b\u0007\0\0\0\0${merge}\u00ce\u00dc\u00be\u0001`;
const unlocked = `locked\0\0\0\0b\u0007\0\0\0\0${target}${merge}\u000c\u00de\u00be\u0001`;
const never = `${target}${merge}\u00ce\u00be\u0001`;

describe('parseStagedFile', () => {
  it.each([
    ['locked', locked, true],
    ['unlocked again', unlocked, false],
    ['never locked', never, false],
  ])('tells the target of one that was %s', (_, text, isLocked) => {
    expect(parseStagedFile(Buffer.from(text, 'latin1'))).toEqual({ id, locked: isLocked });
  });

  it.each([
    ['nothing', ''],
    ['no target', merge],
    ['a target outside', `target\0\0${about('../../../etc')}`],
  ])('understands nothing of a file with %s', (_, text) => {
    expect(parseStagedFile(Buffer.from(text, 'latin1'))).toBeUndefined();
  });

  it('ends with whatever bytes', () => {
    const torn = fc
      .tuple(fc.nat(locked.length), fc.uint8Array())
      .map(([at, bytes]) => [locked.slice(0, at), bytes] as const);
    fc.assert(
      fc.property(torn, ([start, bytes]) => {
        const found = parseStagedFile(Buffer.concat([Buffer.from(start, 'latin1'), bytes]));
        // Bytes may happen to be the end of another name.
        expect(found === undefined || found.id.endsWith(`/${name}`)).toBe(true);
      }),
    );
  });
});

describe('parseStagedImage', () => {
  const verity = 'ef'.repeat(64);

  it.each([true, false])('tells an image of composefs, locked: %s', (isLocked) => {
    const text = JSON.stringify({ depl_id: verity, finalization_locked: isLocked });
    expect(parseStagedImage(text)).toEqual({ id: verity, locked: isLocked });
  });

  it.each(['', '{', '{}', '{"depl_id":"../x"}', '{"depl_id":1}'])('understands nothing of %j', (text) => {
    expect(parseStagedImage(text)).toBeUndefined();
  });
});
