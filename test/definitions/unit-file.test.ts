import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allAssignments, lookup, parseUnit, type Unit } from '../../src/definitions/unit-file.ts';

function unitOf(text: string): Unit {
  const parsed = parseUnit(text, '/x.image');
  if (parsed.kind === 'refused') throw new Error(`line ${parsed.line}: ${parsed.reason}`);
  return parsed.unit;
}

/** As `section.key=value@line`. */
function brief(text: string): readonly string[] {
  return unitOf(text).map(({ section, key, value, line }) => `${section}.${key}=${value}@${line}`);
}

describe('reads', () => {
  test.each([
    ['nothing', '', []],
    ['comments alone', '# a\n; b\n\n', []],
    ['a key', '[A]\nk=v\n', ['A.k=v@2']],
    ['no last line feed', '[A]\nk=v', ['A.k=v@2']],
    ['CRLF', '[A]\r\nk=v\r\n', ['A.k=v@2']],
    ['white space around', '  [A] \t\n\t k =\t v w \n', ['A.k=v w@2']],
    ['repeated keys and sections', '[A]\nk=1\n[B]\nk=2\n[A]\nk=3\n', ['A.k=1@2', 'B.k=2@4', 'A.k=3@6']],
    ['comments between', '[A]\n# x\nk=1\n;y\n\nl=2\n', ['A.k=1@3', 'A.l=2@6']],
    ['a comment sign in a value', '[A]\nk=1 # no comment ; here\n', ['A.k=1 # no comment ; here@2']],
    ['a continued line', '[A]\nk=1\\\n  2\\\n3\nl=4\n', ['A.k=123@2', 'A.l=4@5']],
    ['white space before the backslash', '[A]\nk=1 \\\n  2\n', ['A.k=1 2@2']],
    ['white space after the backslash', '[A]\nk=1\\  \n2\n', ['A.k=12@2']],
    ['comments inside a continuation', '[A]\nk=1\\\n# no\n;no\n\n2\n', ['A.k=12@2']],
    ['a comment does not continue', '[A]\n# no\\\nk=1\n', ['A.k=1@3']],
    ['a lone backslash', '[A]\n\\\nk=1\n', ['A.k=1@3']],
    ['a continued key', '[A]\nlo\\\nng=1\n', ['A.long=1@2']],
    ['a continued section', '[\\\nA]\nk=1\n', ['A.k=1@3']],
    ['a backslash at the very end', '[A]\nk=1\\', ['A.k=1@2']],
    ['a continuation that only a comment follows is lost', '[A]\nl=2\nk=1\\\n# end', ['A.l=2@2']],
    ['two backslashes', '[A]\nk=1\\\\\n2\n', ['A.k=1\\2@2']],
    ['no-break space at a line’s end', '[A]\nk=1\u00a0\u0085\u3000\n', ['A.k=1@2']],
    ['no-break space before a value', '[A]\nk=\u00a01\n', ['A.k=\u00a01@2']],
    ['a bracket that is a key', '[A]\n[k]x=1\n', ['A.[k]x=1@2']],
    ['a section of any name', '[A b#;c]\nk=1\n', ['A b#;c.k=1@2']],
    ['an equals sign in a value', '[A]\nk==a=b\n', ['A.k==a=b@2']],
    ['a NUL byte', '[A]\nk=a\0b\n', ['A.k=a\0b@2']],
  ])('%s', (_, text, expected) => {
    expect(brief(text)).toEqual(expected);
  });
});

describe('refuses', () => {
  test.each([
    ['a key before a section', 'k=v\n[A]\n', 1],
    ['no section at all', '# c\nk=v\n', 2],
    ['a byte order mark', '\ufeff[A]\nk=v\n', 1],
    ['a line that is nothing', '[A]\nk=v\nfoo\n', 3],
    ['no key', '[A]\n=v\n', 2],
    ['no key but space', '[A]\n = v\n', 2],
    ['a colon comment', '[A]\n: c\n', 2],
    ['an unclosed section', '[A\nk=v\n', 1],
    ['text after a section', '[A] # c\n', 1],
    ['an empty section name', '[]\n', 1],
    ['a bracket in a section name', '[a[b]\n', 1],
    ['a control character in a section name', '[a\u0001]\n', 1],
    ['a continued line that is nothing', '[A]\nfoo\\\nbar\nk=v\n', 2],
  ])('%s', (_, text, line) => {
    expect(parseUnit(text, '/x')).toMatchObject({ kind: 'refused', line });
  });
});

test('the last assignment counts, without the quotes around it', () => {
  expect(lookup(unitOf('[A]\nk=1\nk="2"  \n'), 'A', 'k')).toBe('2');
  expect(lookup(unitOf('[A]\nk=1\nk=\n'), 'A', 'k')).toBe('');
  expect(lookup(unitOf('[A]\nk=""x"\n'), 'A', 'k')).toBe('x');
  expect(lookup(unitOf('[A]\nk="\n'), 'A', 'k')).toBe('');
  expect(lookup(unitOf("[A]\nk='x'\n"), 'A', 'k')).toBe("'x'");
  expect(lookup(unitOf('[A]\nk=1\n'), 'B', 'k')).toBeUndefined();
});

test('an empty assignment takes back those before it', () => {
  const unit = unitOf('[A]\nk=1\nk=\nk=2\n[B]\nk=9\n[A]\nk=3\n');
  expect(allAssignments(unit, 'A', 'k').map(({ value }) => value)).toEqual(['2', '3']);
});

test('any text is read or refused, with a line that is in it', () => {
  const piece = fc.constantFrom(
    '[A]',
    '[',
    ']',
    '=',
    'k',
    'v',
    '\\',
    '\n',
    '\r\n',
    '#',
    ';',
    ' ',
    '\t',
    '"',
    '\0',
    '%',
    '\ufeff',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece, { maxLength: 60 }).map((p) => p.join('')),
        fc.string(),
      ),
      (text) => {
        const parsed = parseUnit(text, '/x');
        const lines = parsed.kind === 'unit' ? parsed.unit.map(({ line }) => line) : [parsed.line];
        const count = text.split('\n').length;
        for (const line of lines) expect(line >= 1 && line <= count).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('what is written is read again', () => {
  const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9 .:/@-]{0,20}[A-Za-z0-9]$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word, word), { minLength: 1 }), (assignments) => {
      const text = assignments
        .map(([section, key, value]) => `[${section}]\n${key}=${value}\n`)
        .join('# c\n');
      expect(unitOf(text).map(({ section, key, value }) => [section, key, value])).toEqual(assignments);
    }),
  );
});
