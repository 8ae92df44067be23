import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allRules, lintRules } from '../../src/bundle/lint-rules.ts';
import { problemCodes } from '../../src/model/problem-codes.ts';

function rowsOf(page: string): string[][] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => /^\| `[a-z0-9-]+` +\|/.test(line))
    .map((line) =>
      line
        .slice(2, -2)
        .split(/ +\| /)
        .map((cell) => cell.trim()),
    );
}

test("docs/lint.md has lint's own rules, as they are", () => {
  const ours = Object.entries(lintRules).map(([id, { severity, fixable, why, fix }]) => [
    `\`${id}\``,
    severity,
    fixable ? 'yes' : 'no',
    why,
    fix,
  ]);
  expect(rowsOf('lint.md')).toEqual(ours);
});

test('a problem of a definition is explained as in docs/problems.md', () => {
  const documented = rowsOf('problems.md').map(([code = '', , , why, fix]) => [code.slice(1, -1), why, fix]);
  const ours = Object.keys(problemCodes).map((code) => [
    code,
    allRules.get(code)?.why,
    allRules.get(code)?.fix,
  ]);
  expect(documented).toEqual(ours);
});
