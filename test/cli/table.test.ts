import { expect, test } from 'vitest';
import { lineWidth, renderTable, wrap } from '../../src/cli/table.ts';

const red = (text: string): string => `\u001b[31m${text}\u001b[39m`;

test.each([
  ['nothing', [], []],
  [
    'columns as wide as their widest cell, colours not counted',
    [
      ['IMAGE', 'STATE', 'SIZE'],
      ['a/b:1', red('missing'), ''],
      ['c', 'present', '1 kB'],
    ],
    ['IMAGE  STATE    SIZE', `a/b:1  ${red('missing')}`, 'c      present  1 kB'],
  ],
  [
    'a first cell that is too long on a line of its own, whole',
    [
      ['IMAGE', 'STATE'],
      ['x'.repeat(75), 'present'],
    ],
    [`IMAGE${' '.repeat(66)}  STATE`, 'x'.repeat(75), `${' '.repeat(71)}  present`],
  ],
])('%s', (_, rows, lines) => {
  expect(renderTable(rows)).toEqual(lines);
});

test.each([
  ['', ['  ']],
  ['one two', ['  one two']],
  ['one\n two', ['  one two']],
  [`${'a'.repeat(70)} ${'b'.repeat(7)} c`, [`  ${'a'.repeat(70)} ${'b'.repeat(7)}`, '  c']],
  [`one ${'x'.repeat(100)} two`, ['  one', `  ${'x'.repeat(100)}`, '  two']],
])('wrap %j', (text, lines) => {
  expect(wrap(text)).toEqual(lines);
  for (const line of lines.filter((each) => each.trim().includes(' ')))
    expect(line.length).toBeLessThanOrEqual(lineWidth);
});
