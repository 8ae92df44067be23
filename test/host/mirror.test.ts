import { expect, test } from 'vitest';
import { mirrorIn } from './mirror.ts';

test.each([
  [
    'deb822',
    'Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\n',
    'http://mirror.example/debian',
  ],
  ['one line', 'deb http://mirror.example/debian/ trixie main\n', 'http://mirror.example/debian/'],
  [
    'options',
    'deb [arch=amd64 signed-by=/a.gpg] http://mirror.example/debian trixie main',
    'http://mirror.example/debian',
  ],
  ['a comment', '# deb http://old.example/debian trixie main\n', undefined],
  ['the security archive', 'deb http://mirror.example/debian-security trixie-security main', undefined],
  ['somebody else', 'Types: deb\nURIs: https://packages.example/node\nSuites: nodistro\n', undefined],
])('the mirror in sources of %s', (_, text, mirror) => {
  expect(mirrorIn(text)).toBe(mirror);
});
