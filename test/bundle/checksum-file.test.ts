import { expect, test } from 'vitest';
import { parseChecksums } from '../../src/bundle/checksum-file.ts';

const hex = 'ab'.repeat(32);

test.for([
  ['sha256sum', `${hex}  boot/vmlinuz\n`, ['boot/vmlinuz']],
  ['sha256sum --binary', `${hex} *vmlinuz`, ['vmlinuz']],
  ['sha256sum --tag', `SHA256 (a (b) = c) = ${hex}\n`, ['a (b) = c']],
  ['a name with a newline and a backslash', `\\${hex}  a\\nb\\\\c\n`, ['a\nb\\c']],
  ['upper case, two lines, carriage returns', `${hex.toUpperCase()}  a\r\n${hex}  b\r\n`, ['a', 'b']],
  ['comments and empty lines', `# by nobody\n\n  \n${hex}  a`, ['a']],
  ['nothing', '', []],
] as const)('%s', ([, text, names]) => {
  expect(parseChecksums(text)).toEqual({ sums: names.map((name) => ({ name, hex })), odd: [] });
});

test.for(['garbage', `${hex} a`, `${hex.slice(1)}  a`, `${hex}  `, `SHA512 (a) = ${hex}`])(
  '"%s" is none',
  (line) => {
    expect(parseChecksums(`${hex}  a\n${line}\n`)).toMatchObject({ sums: [{ name: 'a' }], odd: [2] });
  },
);
