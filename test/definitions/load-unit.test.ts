import { expect, test } from 'vitest';
import { dropInFolders, loadUnit } from '../../src/definitions/load-unit.ts';
import { lookup } from '../../src/definitions/unit-file.ts';
import { findUnitFolders } from '../../src/definitions/unit-folders.ts';
import { memoryTree, type Node } from '../support/memory-tree.ts';

const run = '/run/containers/systemd';
const etc = '/etc/containers/systemd';
const usr = '/usr/share/containers/systemd';

async function load(content: Readonly<Record<string, Node>>, name = 'app.image') {
  const tree = memoryTree(content);
  return loadUnit(tree, await findUnitFolders(tree), name);
}

/** Image= after everything; the problems' codes. */
async function imageOf(content: Readonly<Record<string, Node>>, name = 'app.image') {
  const loaded = await load(content, name);
  if (loaded?.kind !== 'unit') return loaded?.code;
  return [lookup(loaded.unit, 'Image', 'Image'), ...loaded.problems.map(({ code }) => code)];
}

const image = (name: string): string => `[Image]\nImage=${name}\n`;

test.each([
  ['app.image', ['app.image.d', 'image.d']],
  ['a-b-c.image', ['a-b-c.image.d', 'a-b-.image.d', 'a-.image.d', 'image.d']],
  ['a@1.container', ['a@1.container.d', 'a@.container.d', 'container.d']],
  ['a@.container', ['a@.container.d', 'container.d']],
  ['a-b@1-2.image', ['a-b@1-2.image.d', 'a-b@.image.d', 'a-@.image.d', 'a-.image.d', 'image.d']],
  ['-.image', ['-.image.d', '-.image.d', 'image.d']],
])('drop-in folders of %s', (name, folders) => {
  expect(dropInFolders(name)).toEqual(folders);
});

test.each<[string, Readonly<Record<string, Node>>, unknown]>([
  ['nowhere', {}, undefined],
  ['a unit', { [`${usr}/app.image`]: image('a') }, ['a']],
  ['/etc before /usr', { [`${usr}/app.image`]: image('a'), [`${etc}/app.image`]: image('b') }, ['b']],
  ['/run before /etc', { [`${run}/app.image`]: image('a'), [`${etc}/app.image`]: image('b') }, ['a']],
  ['below the search path', { [`${usr}/deep/er/app.image`]: image('a') }, ['a']],
  ['not in drop-in folders', { [`${usr}/x.d/app.image`]: image('a') }, undefined],
  ['not among the users’', { [`${etc}/users/app.image`]: image('a') }, undefined],
  [
    'over a link',
    { [usr]: { link: '/opt' }, '/opt/app.image': { link: 'real' }, '/opt/real': image('a') },
    ['a'],
  ],
  ['links in a circle', { [`${usr}/x`]: { link: '.' }, [`${usr}/app.image`]: image('a') }, ['a']],
  [
    'masked by /dev/null',
    { [`${etc}/app.image`]: { link: '/dev/null' }, [`${usr}/app.image`]: image('a') },
    [undefined],
  ],
  ['masked by nothing', { [`${etc}/app.image`]: '', [`${usr}/app.image`]: image('a') }, [undefined]],
  [
    'a broken override',
    { [`${etc}/app.image`]: 'x', [`${usr}/app.image`]: image('a') },
    ['a', 'quadlet-syntax'],
  ],
  ['broken', { [`${usr}/app.image`]: 'x' }, 'quadlet-syntax'],
  ['dangling', { [`${usr}/app.image`]: { link: 'none' } }, 'quadlet-unreadable'],
  ['a folder', { [`${usr}/app.image`]: { folder: true } }, 'quadlet-unreadable'],
])('%s', async (_, content, expected) => {
  expect(await imageOf(content)).toEqual(expected);
});

test.each<[string, string, Readonly<Record<string, Node>>, unknown]>([
  ['of its own name', 'app.image', { [`${etc}/app.image.d/1.conf`]: image('d') }, ['d']],
  ['of its type', 'app.image', { [`${run}/image.d/1.conf`]: image('d') }, ['d']],
  ['of its prefix', 'my-app.image', { [`${usr}/my-.image.d/1.conf`]: image('d') }, ['d']],
  ['of its template', 'a@1.image', { [`${usr}/a@.image.d/1.conf`]: image('d') }, ['d']],
  [
    'in the order of names',
    'app.image',
    { [`${etc}/app.image.d/2.conf`]: image('2'), [`${etc}/image.d/9.conf`]: image('9') },
    ['9'],
  ],
  [
    'the specific one of a name',
    'app.image',
    { [`${etc}/app.image.d/1.conf`]: image('own'), [`${etc}/image.d/1.conf`]: image('type') },
    ['own'],
  ],
  [
    'the first folder’s of a name',
    'app.image',
    { [`${usr}/app.image.d/1.conf`]: image('usr'), [`${etc}/image.d/1.conf`]: image('etc') },
    ['etc'],
  ],
  [
    'a masked one',
    'app.image',
    { [`${etc}/app.image.d/1.conf`]: { link: '/dev/null' }, [`${usr}/app.image.d/1.conf`]: image('d') },
    ['base'],
  ],
  ['only *.conf', 'app.image', { [`${etc}/app.image.d/1.txt`]: image('d') }, ['base']],
  [
    'a broken one',
    'app.image',
    { [`${etc}/app.image.d/1.conf`]: 'x', [`${etc}/app.image.d/2.conf`]: image('d') },
    ['d', 'bad-drop-in'],
  ],
  ['a file in place of the folder', 'app.image', { [`${etc}/app.image.d`]: 'x' }, ['base', 'bad-drop-in']],
  ['an empty Image=', 'app.image', { [`${etc}/app.image.d/1.conf`]: image('') }, ['']],
])('drop-in: %s', async (_, name, dropIns, expected) => {
  expect(await imageOf({ [`${usr}/${name}`]: image('base'), ...dropIns }, name)).toEqual(expected);
});

test('each assignment keeps its file and line', async () => {
  const loaded = await load({
    [`${usr}/app.image`]: `# c\n${image('a')}`,
    [`${etc}/app.image.d/1.conf`]: '[Image]\n\nArch=arm64\n',
  });
  expect(loaded).toMatchObject({
    unit: [
      { file: `${usr}/app.image`, line: 3, key: 'Image' },
      { file: `${etc}/app.image.d/1.conf`, line: 3, key: 'Arch' },
    ],
  });
});
