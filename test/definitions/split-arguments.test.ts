import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitArguments } from '../../src/definitions/split-arguments.ts';

// Each was given to podman's own generator.
test.each([
  ['', []],
  ['  a \t b  ', ['a', 'b']],
  ['"a b" c', ['a b', 'c']],
  [`'a "b"' "c 'd'"`, ['a "b"', "c 'd'"]],
  ['a"b c"d', ['ab cd']],
  ['--x="y z"', ['--x=y z']],
  [String.raw`\s\x41\101\u00e9\U0001F600`, [' AAé😀']],
  [String.raw`\a\b\f\n\r\t\v\\\"\'`, ['\x07\b\f\n\r\t\v\\"\'']],
  [String.raw`"in \x20 quotes"`, ['in   quotes']],
  ['unbalanced "a b', ['unbalanced', 'a b']],
  ['trailing \\', ['trailing']],
  [String.raw`a \q b`, []],
  [String.raw`a \x4 b`, []],
  [String.raw`a \x00 b`, []],
  [String.raw`a \777 b`, []],
  [String.raw`a \U00110000 b`, []],
  [String.raw`c \ud800x`, ['c', '\ufffdx']],
  ['a "" b', ['a']],
  ['"" b', []],
  ['a\0b c', ['a']],
])('%j', (text, words) => {
  expect(splitArguments(text)).toEqual(words);
});

test('quoted words come back', () => {
  const word = fc.string({ minLength: 1 }).filter((text) => !/[\0"\\]/.test(text));
  fc.assert(
    fc.property(fc.array(word), (words) => {
      expect(splitArguments(words.map((each) => `"${each}"`).join(' '))).toEqual(words);
    }),
  );
});

test('any text ends', () => {
  const piece = fc.constantFrom('\\', '"', "'", ' ', 'x', 'u', 'U', '0', '7', 'f', '\0', '\n');
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      for (const word of splitArguments(pieces.join(''))) expect(word).not.toBe('');
    }),
    { numRuns: 2_000 },
  );
});
