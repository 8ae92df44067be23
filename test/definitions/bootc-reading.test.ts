import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAsBootc, withoutSpecifiers } from '../../src/definitions/bootc-reading.ts';

test.each([
  ['plain', '[Image]\nImage=quay.io/a:1\n', 'quay.io/a:1', 2],
  ['CRLF', '[Image]\r\nImage=quay.io/a:1\r\n', 'quay.io/a:1', 2],
  ['the last one counts', '[Image]\nImage=a\n[X]\n[Image]\nImage=b\n', 'b', 5],
  ['an empty one counts too', '[Image]\nImage=a\nImage=\n', '', 3],
  ['a comment behind', '[Image]\nImage=quay.io/a:1 # comment\n', 'quay.io/a:1', 2],
  ['another behind', '[Image]\nImage=quay.io/a:1;x\n', 'quay.io/a:1', 2],
  ['quotes stay', '[Image]\nImage="quay.io/a:1"\n', '"quay.io/a:1"', 2],
  ['a doubled %', '[Image]\nImage=quay.io/%%a%%%%\n', 'quay.io/%a%%', 2],
  ['a unit is a name', '[Container]\nImage=a.image\n', 'a.image', 2, 'container'],
  ['AuthFile= of a container is not looked at', '[Container]\nImage=a\nAuthFile=/x\n', 'a', 2, 'container'],
  ['odd section brackets', '[[Image]]\nImage=a\n', 'a', 2],
] as const)('reads: %s', (_, text, image, line, type: 'image' | 'container' = 'image') => {
  expect(readAsBootc(text, type)).toEqual({ kind: 'image', image, line });
});

test.each([
  ['nothing', '', 'bootc-no-image', undefined],
  ['the other section', '[Container]\nImage=a\n', 'bootc-no-image', undefined],
  ['a continuation', '[Image]\nImage=a\nFoo=b \\\n  c\n', 'bootc-syntax', 4],
  ['a line that is nothing', '[Image]\nImage=a\nfoo\n', 'bootc-syntax', 3],
  ['an unclosed section', '[Image\nImage=a\n', 'bootc-syntax', 1],
  ['no key', '[Image]\n=a\n', 'bootc-syntax', 2],
  ['a byte order mark', '\ufeff[Image]\nImage=a\n', 'bootc-syntax', 1],
  ['a specifier', '[Image]\nImage=a:%i\n', 'bootc-specifier', 2],
  ['a lone %', '[Image]\nImage=a%\n', 'bootc-specifier', 2],
  ['AuthFile=', '[Image]\nImage=a\nAuthFile=/x\n', 'bootc-auth-file', 3],
  ['an empty AuthFile=', '[Image]\nAuthFile=\nImage=a\n', 'bootc-auth-file', 2],
])('refuses: %s', (_, text, code, line) => {
  expect(readAsBootc(text, 'image')).toMatchObject({ kind: 'refused', code, ...(line && { line }) });
});

test('% is a specifier unless doubled', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(withoutSpecifiers(text.replaceAll('%', '%%'))).toBe(text);
      expect(withoutSpecifiers(`${text.replaceAll('%', '%%')}%`)).toBeUndefined();
    }),
  );
});
