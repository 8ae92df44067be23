import { symlinkSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Access } from '../../src/prefetch/access.ts';
import { fixRoot, lintRoot, type LintResult } from '../../src/lint/lint.ts';
import { allRules } from '../../src/bundle/lint-rules.ts';
import { bound, boundFolder, makeRoot, quadletFolder, type RootNode } from '../support/make-root.ts';

const { signal } = new AbortController();
/** Nothing is asked without --online: what uses it fails. */
const noAccess = {} as Access;
const options = { storeMode: undefined, online: false, architectures: [] };
const digest = `sha256:${'1'.repeat(64)}`;
const storeLine = 'GlobalArgs=--storage-opt=additionalimagestore=/usr/lib/bootc/storage';
const ownLine = 'GlobalArgs=--storage-opt=additionalimagestore=/usr/lib/bound-images/storage';
const inQuadlets = (name: string): string => `${quadletFolder}/${name}`;
const inBound = (name: string): string => `${boundFolder}/${name}`;
const image = (...lines: readonly string[]): string => ['[Image]', ...lines, ''].join('\n');
const container = (...lines: readonly string[]): string => ['[Container]', ...lines, ''].join('\n');
const pinned = `Image=quay.io/ex/app@${digest}`;

async function lint(nodes: Readonly<Record<string, RootNode>>): Promise<LintResult> {
  return lintRoot(await makeRoot(nodes), options, noAccess, signal);
}

/** For each rule a root that breaks it, and where lint says so. */
const breaks: Record<string, { nodes: Readonly<Record<string, RootNode>>; at: string }> = {
  'floating-tag': {
    nodes: bound('app.image', image('Image=quay.io/ex/app:1')),
    at: `${inQuadlets('app.image')}:2`,
  },
  'tag-and-digest': {
    nodes: bound('app.image', image(`Image=quay.io/ex/app:1@${digest}`)),
    at: `${inQuadlets('app.image')}:2`,
  },
  'no-store': { nodes: bound('app.container', container(pinned)), at: `${inQuadlets('app.container')}:2` },
  'wrong-store': {
    nodes: bound('app.container', container(pinned, ownLine)),
    at: `${inQuadlets('app.container')}:3`,
  },
  'unbound-image': {
    nodes: { [inQuadlets('app.container')]: container(pinned, storeLine) },
    at: `${inQuadlets('app.container')}:3`,
  },
  'image-unit-pulls': {
    nodes: {
      ...bound('app.image', image(pinned, storeLine)),
      [inQuadlets('app.container')]: container('Image=app.image', storeLine),
    },
    at: `${inQuadlets('app.image')}:2`,
  },
  'pull-always': {
    nodes: bound('app.container', container(pinned, 'Pull=always', storeLine)),
    at: `${inQuadlets('app.container')}:3`,
  },
  'nothing-bound': { nodes: { '/usr/lib/os-release': '' }, at: boundFolder },
  'bound-images-unreadable': { nodes: { [boundFolder]: 'a file' }, at: boundFolder },
  'not-a-link': { nodes: { [inBound('app.image')]: image(pinned) }, at: inBound('app.image') },
  'wrong-extension': { nodes: bound('app.kube', ''), at: inBound('app.kube') },
  'dangling-link': { nodes: { [inBound('app.image')]: { link: 'nowhere' } }, at: inBound('app.image') },
  'link-loop': { nodes: { [inBound('app.image')]: { link: 'app.image' } }, at: inBound('app.image') },
  'target-not-a-file': { nodes: { [inBound('app.image')]: { link: '/usr' } }, at: inBound('app.image') },
  'target-too-large': { nodes: bound('app.image', ' '.repeat(1024 * 1024 + 1)), at: inBound('app.image') },
  'bootc-syntax': {
    nodes: bound('app.image', image(pinned, 'PodmanArgs=--a \\', '--b')),
    at: `${inQuadlets('app.image')}:4`,
  },
  'bootc-no-image': { nodes: bound('app.image', container(pinned)), at: inQuadlets('app.image') },
  'bootc-specifier': {
    nodes: bound('app.image', image('Image=quay.io/ex/%i')),
    at: `${inQuadlets('app.image')}:2`,
  },
  'bootc-auth-file': {
    nodes: bound('app.image', image(pinned, 'AuthFile=/a')),
    at: `${inQuadlets('app.image')}:3`,
  },
  'quadlet-syntax': {
    nodes: bound('app.image', `Key=value\n${image(pinned)}`),
    at: `${inQuadlets('app.image')}:1`,
  },
  'quadlet-no-image': {
    nodes: { ...bound('app.image', image(pinned)), '/etc/containers/systemd/app.image': '' },
    at: inQuadlets('app.image'),
  },
  'quadlet-specifier': {
    nodes: {
      ...bound('app.image', image(pinned)),
      [inQuadlets('app.image.d/a.conf')]: image('Image=quay.io/ex/%i'),
    },
    at: `${inQuadlets('app.image.d/a.conf')}:2`,
  },
  'quadlet-unreadable': {
    nodes: { ...bound('app.image', image(pinned)), '/etc/containers/systemd/app.image/x': '' },
    at: '/etc/containers/systemd/app.image',
  },
  'quadlet-key': {
    nodes: bound('app.image', image(pinned, 'Colour=red')),
    at: `${inQuadlets('app.image')}:3`,
  },
  'quadlet-rootfs': {
    nodes: bound('app.container', container(pinned, 'Rootfs=/x')),
    at: `${inQuadlets('app.container')}:2`,
  },
  'unit-not-found': {
    nodes: bound('app.container', container('Image=no.image')),
    at: `${inQuadlets('app.container')}:2`,
  },
  'built-image': {
    nodes: bound('app.container', container('Image=app.build')),
    at: `${inQuadlets('app.container')}:2`,
  },
  'unit-reference': {
    nodes: {
      ...bound('app.container', container('Image=app.image')),
      [inQuadlets('app.image')]: image(pinned),
    },
    at: `${inQuadlets('app.container')}:2`,
  },
  'differs-from-bootc': {
    nodes: {
      ...bound('app.image', image(pinned)),
      [inQuadlets('app.image.d/a.conf')]: image('Image=quay.io/ex/other:1'),
    },
    at: `${inQuadlets('app.image')}:2`,
  },
  'bad-drop-in': {
    nodes: { ...bound('app.image', image(pinned)), [inQuadlets('app.image.d/a.conf')]: 'no' },
    at: `${inQuadlets('app.image.d/a.conf')}:1`,
  },
  'bad-reference': {
    nodes: bound('app.image', image('Image=Quay.io/UPPER')),
    at: `${inQuadlets('app.image')}:2`,
  },
  'image-transport': {
    nodes: bound('app.image', image('Image=docker://quay.io/ex/app:1')),
    at: `${inQuadlets('app.image')}:2`,
  },
  'short-name': { nodes: bound('app.image', image('Image=nginx:1')), at: `${inQuadlets('app.image')}:2` },
  untagged: { nodes: bound('app.image', image('Image=quay.io/ex/app')), at: `${inQuadlets('app.image')}:2` },
  'not-normalised': {
    nodes: bound('app.image', image('Image=docker.io/nginx:1')),
    at: `${inQuadlets('app.image')}:2`,
  },
  'bad-value': { nodes: bound('app.image', image(pinned, 'Retry=x')), at: `${inQuadlets('app.image')}:3` },
  'option-specifier': {
    nodes: bound('app.image', image(pinned, 'CertDir=/%i')),
    at: `${inQuadlets('app.image')}:3`,
  },
  'unknown-argument': {
    nodes: bound('app.image', image(pinned, 'PodmanArgs=--unheard')),
    at: `${inQuadlets('app.image')}:3`,
  },
  'all-tags': {
    nodes: bound('app.image', image(pinned, 'AllTags=true')),
    at: `${inQuadlets('app.image')}:3`,
  },
  'image-tag': { nodes: bound('app.image', image(pinned, 'ImageTag=x')), at: `${inQuadlets('app.image')}:3` },
  'containers-conf-module': {
    nodes: bound('app.image', image(pinned, 'ContainersConfModule=/x')),
    at: `${inQuadlets('app.image')}:3`,
  },
  'platform-conflict': {
    nodes: { ...bound('a.image', image(pinned)), ...bound('b.image', image(pinned, 'Arch=arm64')) },
    at: `${inQuadlets('b.image')}:2`,
  },
};

test.for(Object.entries(breaks))('%s is found in a file on disk', async ([code, { nodes, at }]) => {
  const { findings } = await lint(nodes);
  const places = findings
    .filter((found) => found.code === code)
    .map(({ file, line }) => (line === undefined ? file : `${file}:${line}`));
  expect(places).toEqual([at]);
});

test('names and text that are not UTF-8, and too many entries are found', { timeout: 60_000 }, async () => {
  const rootPath = await makeRoot({
    [inQuadlets('app.image')]: image(pinned),
    [boundFolder]: { folder: true },
  });
  await writeFile(join(rootPath, inQuadlets('bad.image')), Buffer.from([0x5b, 0xff]));
  await symlink(inQuadlets('bad.image'), join(rootPath, inBound('bad.image')));
  await symlink(
    inQuadlets('app.image'),
    Buffer.concat([
      Buffer.from(join(rootPath, boundFolder, 'a')),
      Buffer.from([0xff]),
      Buffer.from('.image'),
    ]),
  );
  for (let index = 0; index < 10_001; index++)
    symlinkSync(inQuadlets('app.image'), join(rootPath, inBound(`x${index}.image`)));
  const { findings, boundCount } = await lintRoot(rootPath, options, noAccess, signal);
  expect(findings.map(({ code }) => code)).toEqual(['too-many-entries', 'name-not-utf8', 'target-not-utf8']);
  expect(boundCount).toBe(1);
});

test('every rule has its test', () => {
  // Online and of images: lint.component.test.ts, in test/cli. As root, on which tests run, every file can be read.
  const elsewhere = [
    'image-not-found',
    'no-architecture',
    'image-unknown',
    'stamp-differs',
    'stamp-unreadable',
    'two-names',
    'target-unreadable',
    'too-many-entries',
    'name-not-utf8',
    'target-not-utf8',
  ];
  expect([...Object.keys(breaks), ...elsewhere].sort()).toEqual([...allRules.keys()].sort());
});

test.for([
  ['bound by the container itself', bound('app.container', container(pinned, storeLine))],
  [
    'two words, and a slash at the end',
    bound(
      'app.container',
      container(pinned, 'GlobalArgs=--storage-opt additionalimagestore=/usr/lib/bootc/storage/'),
    ),
  ],
  [
    'all podmans of the root look there',
    {
      ...bound('app.container', container(pinned)),
      '/etc/containers/storage.conf':
        '[storage.options]\nadditionalimagestores = ["/usr/lib/bootc/storage"]\n',
    },
  ],
  [
    'the composefs backend of an image with setup-root-conf.toml',
    {
      ...bound('app.container', container(pinned, ownLine)),
      '/usr/lib/composefs/setup-root-conf.toml': '',
    },
  ],
  [
    'the composefs backend of an image with a unified kernel image',
    {
      ...bound('app.container', container(pinned, ownLine)),
      '/boot/EFI/Linux/os.efi': '',
      '/usr/lib/ostree/prepare-root.conf': '[composefs]\nenabled = true\n',
    },
  ],
  [
    "ostree's own use of composefs is the ostree backend",
    {
      ...bound('app.container', container(pinned, storeLine)),
      '/usr/lib/composefs/setup-root-conf.toml': '',
      '/usr/lib/ostree/prepare-root.conf': '[composefs]\nenabled = true\n',
    },
  ],
  ['an image that no unit runs', bound('app.image', image(pinned))],
] as const)('nothing is found: %s', async ([, nodes]) => {
  expect((await lint(nodes)).findings).toEqual([]);
});

test('--store-mode says what the root does not', async () => {
  const rootPath = await makeRoot(bound('app.container', container(pinned, ownLine)));
  const own = await lintRoot(rootPath, { ...options, storeMode: 'own' }, noAccess, signal);
  expect(own).toMatchObject({ findings: [], storeMode: 'own' });
});

test('PodmanArgs= names no store of images', async () => {
  const line = 'PodmanArgs=--storage-opt=additionalimagestore=/usr/lib/bootc/storage';
  const { findings } = await lint(bound('app.container', container(pinned, line)));
  expect(findings.map(({ code }) => code)).toContain('no-store');
});

test('--fix mends files and leaves every other byte', async () => {
  const rootPath = await makeRoot({
    ...bound('app.container', '# kept\r\n[Container]\r\nImage=nginx:1 \r\nExec=nginx:1'),
    ...bound('own.container', container(`Image=quay.io/ex/own@${digest}`, `${ownLine} --log-level=debug`)),
    [inQuadlets('by-name.container')]: container('Image=nginx:1', 'GlobalArgs=\\', '  --log-level=debug'),
    ...bound('dropped.container', container('Exec=x', `Image=quay.io/ex/dropped@${digest}`)),
    [inQuadlets('dropped.container.d/a.conf')]: container(
      `Image=quay.io/ex/dropped@sha256:${'2'.repeat(64)}`,
    ),
  });
  const { findings, written } = await fixRoot(rootPath, options, noAccess, signal);
  expect(written.map(({ kind }) => kind)).toEqual(['written', 'written', 'written', 'written']);
  expect(findings.filter(({ edits }) => edits !== undefined)).toEqual([]);
  const read = (name: string): Promise<string> => readFile(join(rootPath, inQuadlets(name)), 'utf8');
  expect(await read('app.container')).toBe(
    `# kept\r\n[Container]\r\nImage=docker.io/library/nginx:1 \r\n${storeLine}\r\nExec=nginx:1`,
  );
  expect(await read('by-name.container')).toBe(
    container('Image=docker.io/library/nginx:1', storeLine, 'GlobalArgs=\\', '  --log-level=debug'),
  );
  expect(await read('own.container')).toBe(
    container(`Image=quay.io/ex/own@${digest}`, `${storeLine} --log-level=debug`),
  );
  expect(await read('dropped.container')).toBe(
    container(storeLine, 'Exec=x', `Image=quay.io/ex/dropped@${digest}`),
  );
  expect(await read('dropped.container.d/a.conf')).toBe(
    container(`Image=quay.io/ex/dropped@sha256:${'2'.repeat(64)}`),
  );
  const again = await fixRoot(rootPath, options, noAccess, signal);
  expect(again.written).toEqual([]);
});

test('--fix adds no tag and reaches nothing outside of the root', async () => {
  const rootPath = await makeRoot({
    ...bound('app.image', image('Image=nginx')),
    [boundFolder]: { folder: true },
  });
  const outside = join(rootPath, '../outside');
  await mkdir(outside);
  await writeFile(join(outside, 'out.container'), container(pinned));
  await symlink(outside, join(rootPath, quadletFolder, 'outside'));
  await symlink(join(outside, 'out.container'), join(rootPath, inBound('out.container')));
  const { findings } = await fixRoot(rootPath, options, noAccess, signal);
  expect(await readFile(join(rootPath, inQuadlets('app.image')), 'utf8')).toBe(
    image('Image=docker.io/library/nginx'),
  );
  expect(await readFile(join(outside, 'out.container'), 'utf8')).toBe(container(pinned));
  expect(findings.map(({ code }) => code)).toEqual(['dangling-link', 'untagged', 'floating-tag']);
});
