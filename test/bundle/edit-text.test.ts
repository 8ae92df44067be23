import { expect, test } from 'vitest';
import { applyEdits, type Edit } from '../../src/bundle/edit-text.ts';

const after = (line: number): Edit => ({ kind: 'insert-after', line, text: 'NEW' });
const before = (line: number): Edit => ({ kind: 'insert-before', line, text: 'NEW' });
const replace = (line: number, from: string): Edit => ({ kind: 'replace', line, from, to: 'NEW' });

test.for<[string, string, readonly Edit[], string | undefined]>([
  ['after', 'a=1\nb=2\n', [after(1)], 'a=1\nNEW\nb=2\n'],
  ['after the last line', 'a=1\nb=2\n', [after(2)], 'a=1\nb=2\nNEW\n'],
  ['after a last line without its end', 'a=1\nb=2', [after(2)], 'a=1\nb=2\nNEW'],
  ['after one line alone', 'a=1', [after(1)], 'a=1\nNEW'],
  ['CRLF, and no end', 'a=1\r\nb=2', [after(2)], 'a=1\r\nb=2\r\nNEW'],
  ['before', 'a=1\r\nb=2\r\n', [before(2)], 'a=1\r\nNEW\r\nb=2\r\n'],
  ['before one line alone', 'a=1', [before(1)], 'NEW\na=1'],
  [
    'after a continuation',
    'a=1 \\\n 2 \\\n\n# c\n 3\nb=2\n',
    [after(1)],
    'a=1 \\\n 2 \\\n\n# c\n 3\nNEW\nb=2\n',
  ],
  ['after a continuation that never ends', 'a=1 \\\n# c\n', [after(1)], 'a=1 \\\n# c\nNEW\n'],
  ['a backslash on the last line continues nothing', 'a=1 \\', [after(1)], 'a=1 \\\nNEW'],
  ['a value', 'a=x1 x1\n', [replace(1, 'x1')], 'a=NEW x1\n'],
  ['no part of a key', 'a=1\nab=ab\n', [replace(2, 'ab')], 'a=1\nab=NEW\n'],
  ['in a continuation', 'a=1 \\\r\n  2\r\nb=2\r\n', [replace(1, '2')], 'a=1 \\\r\n  NEW\r\nb=2\r\n'],
  ['not in the next line', 'a=1\nb=2\n', [replace(1, '2')], undefined],
  ['not beyond the end', 'a=1\n', [after(2)], undefined],
  [
    'several',
    'a=1\nb=2\nc=3\n',
    [after(1), replace(1, '1'), before(3), replace(2, '2')],
    'a=NEW\nNEW\nb=NEW\nNEW\nc=3\n',
  ],
  ['both sides of one line', 'a=1\n', [after(1), before(1), replace(1, '1')], 'NEW\na=NEW\nNEW\n'],
  ['all or nothing', 'a=1\nb=2\n', [after(1), replace(2, 'x')], undefined],
  ['empty lines', '\n\na=1\n\n', [before(3)], '\n\nNEW\na=1\n\n'],
])('%s', ([, text, edits, expected]) => {
  expect(applyEdits(text, edits)).toBe(expected);
});

test.for(['', '\n', 'a', 'a\r\nb\nc\r', '\r\n\r\n', 'é\u2028\u0000\n'])(
  'no edit changes nothing: %j',
  (text) => {
    expect(applyEdits(text, [])).toBe(text);
  },
);
