import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { problem, problemCodes, shown } from '../../src/model/problem-codes.ts';

test('docs/problems.md has every code, as it is', () => {
  const page = readFileSync(new URL('../../docs/problems.md', import.meta.url), 'utf8');
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.slice(2, -2).split(/ +\| /));
  const documented = rows.map(([code, severity, failsBootc]) => [code, severity, failsBootc]);
  const ours = Object.entries(problemCodes).map(([code, { severity, failsBootc }]) => [
    `\`${code}\``,
    severity === 'either' ? 'error or warning' : severity,
    failsBootc ? 'yes' : 'no',
  ]);
  expect(documented).toEqual(ours);
  expect(rows.filter((row) => row.length !== 5)).toEqual([]);
});

test('a severity is said only for a code that can be either', () => {
  const at = { file: '/x', line: undefined };
  expect(problem('bootc-syntax', at, 'text', 'warning')).toEqual({
    file: '/x',
    code: 'bootc-syntax',
    text: 'text',
    severity: 'warning',
    failsBootc: true,
  });
  expect(problem('untagged', at, 'text', 'error').severity).toBe('warning');
});

test('a value is shown on one line, and not at any length', () => {
  expect(shown('a\n\0b')).toBe('"a\\n\\u0000b"');
  expect(shown('x'.repeat(500))).toHaveLength(205);
});
