import { expect, test } from 'vitest';
import { resolve } from '../../src/definitions/resolve.ts';
import { memoryTree } from '../support/memory-tree.ts';

const chain = Object.fromEntries(
  Array.from({ length: 42 }, (_, index) => [`/chain/${index}`, { link: `${index + 1}` }]),
);
const tree = memoryTree({
  '/usr/share/app.image': 'text',
  '/usr/pipe': { other: true },
  '/absolute': { link: '/usr/share/app.image' },
  '/relative': { link: 'usr/share/app.image' },
  '/folder': { link: '/usr/share' },
  '/to-root': { link: '/' },
  '/usr/lib/up': { link: '../share/app.image' },
  '/usr/lib/above': { link: '../../../../../../usr/share/app.image' },
  '/usr/lib/absolute-above': { link: '/../../usr/share/app.image' },
  '/two': { link: '/folder/../share/./app.image' },
  '/dangling': { link: '/usr/share/none' },
  '/self': { link: 'self' },
  '/ping': { link: 'pong' },
  '/pong': { link: '/ping' },
  '/folder-of-file': { link: '/usr/share/app.image/' },
  '/long': { link: 'x'.repeat(5000) },
  ...chain,
  '/chain/42': 'end',
});

test.each([
  ['/usr/share/app.image', 'file', '/usr/share/app.image'],
  ['/absolute', 'file', '/usr/share/app.image'],
  ['/relative', 'file', '/usr/share/app.image'],
  ['/folder', 'folder', '/usr/share'],
  ['/folder/app.image', 'file', '/usr/share/app.image'],
  ['/to-root', 'folder', '/'],
  ['/usr/lib/up', 'file', '/usr/share/app.image'],
  ['/usr/lib/above', 'file', '/usr/share/app.image'],
  ['/usr/lib/absolute-above', 'file', '/usr/share/app.image'],
  ['/two', 'file', '/usr/share/app.image'],
  ['/usr/pipe', 'other', '/usr/pipe'],
  ['/', 'folder', '/'],
  ['/..//./usr', 'folder', '/usr'],
  ['/chain/2', 'file', '/chain/42'],
  ['/dangling', 'missing', '/usr/share/none'],
  ['/none/further', 'missing', '/none/further'],
  ['/usr/share/app.image/further', 'missing', '/usr/share/app.image/further'],
  ['/folder-of-file', 'missing', '/usr/share/app.image'],
  ['/long', 'missing', '/long'],
])('%s is a %s: %s', async (path, kind, at) => {
  expect(await resolve(tree, path)).toMatchObject({ kind, path: at });
});

test.each(['/self', '/ping', '/chain/1'])('%s is a loop', async (path) => {
  expect(await resolve(tree, path)).toMatchObject({ kind: 'loop' });
});

test('the trail tells each place the last component stood at', async () => {
  const templates = memoryTree({
    '/bound/app.container': { link: '/units/app@1.container' },
    '/units': { link: '/usr/units' },
    '/usr/units/app@1.container': { link: 'app@.container' },
    '/usr/units/app@.container': '',
  });
  const { trail } = await resolve(templates, '/bound/app.container');
  expect(trail).toEqual(['/bound/app.container', '/usr/units/app@1.container', '/usr/units/app@.container']);
});
