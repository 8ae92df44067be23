import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { diskTree } from '../../src/definitions/disk-tree.ts';
import { readBoundSet } from '../../src/definitions/read-bound-set.ts';
import type { BoundSet } from '../../src/model/definition.ts';
import type { Tree } from '../../src/model/tree.ts';
import { memoryTree, type Node } from '../support/memory-tree.ts';

const bound = '/usr/lib/bootc/bound-images.d';
const units = '/usr/share/containers/systemd';
const etc = '/etc/containers/systemd';
const digest = `sha256:${'ab'.repeat(32)}`;

type Content = Readonly<Record<string, Node>>;

function read(content: Content): Promise<BoundSet> {
  return readBoundSet(memoryTree(content));
}

/** One quadlet in the search path, and an entry that links to it. */
function quadlet(name: string, text: string | Buffer, more: Content = {}): Content {
  return { [`${bound}/${name}`]: { link: `${units}/${name}` }, [`${units}/${name}`]: text, ...more };
}

/** Images, and problems as `severity code` with `!` where bootc fails. */
function brief(set: BoundSet): { images: string[]; problems: string[] } {
  return {
    images: set.definitions.map(({ image }) => image),
    problems: set.problems.map((each) => `${each.severity} ${each.code}${each.failsBootc ? '!' : ''}`),
  };
}

test('a definition says where everything stands', async () => {
  const set = await read(
    quadlet('app.image', `# app\n[Image]\nImage=quay.io/a/b:1@${digest}\nTLSVerify=false\n`),
  );
  expect(set).toEqual({
    definitions: [
      {
        entry: `${bound}/app.image`,
        file: `${units}/app.image`,
        line: 3,
        imageFile: `${units}/app.image`,
        image: `quay.io/a/b:1@${digest}`,
        reference: { text: `quay.io/a/b:1@${digest}`, domain: 'quay.io', path: 'a/b', tag: '1', digest },
        pull: { tlsVerify: false },
      },
    ],
    problems: [],
  });
});

describe('the folder', () => {
  test.each<[string, Content]>([
    ['missing', {}],
    ['missing with all above it', { '/etc/x': '' }],
    ['empty', { [bound]: { folder: true } }],
    ['a dangling link, which bootc takes for missing', { [bound]: { link: '/none' } }],
  ])('%s binds nothing', async (_, content) => {
    expect(await read(content)).toEqual({ definitions: [], problems: [] });
  });

  test.each<[string, Content]>([
    ['a file', { [bound]: 'x' }],
    ['a pipe', { [bound]: { other: true } }],
    ['a link to a file', { [bound]: { link: 'file' }, '/usr/lib/bootc/file': '' }],
    ['a loop', { [bound]: { link: 'bound-images.d' } }],
    ['below a file', { '/usr/lib/bootc': 'x' }],
  ])('%s is a problem', async (_, content) => {
    expect(brief(await read(content))).toEqual({ images: [], problems: ['error bound-images-unreadable!'] });
  });

  test('over a link', async () => {
    const content = quadlet('app.image', '[Image]\nImage=quay.io/a:1\n');
    const moved = Object.fromEntries(
      Object.entries(content).map(([path, node]) => [path.replace(bound, '/opt/bound'), node]),
    );
    expect(brief(await read({ ...moved, [bound]: { link: '/opt/bound' } }))).toEqual({
      images: ['quay.io/a:1'],
      problems: [],
    });
  });

  test('more entries than anyone binds', async () => {
    const names = Array.from({ length: 10_001 }, (_, index) => `x${String(index).padStart(5, '0')}.image`);
    const tree: Tree = {
      ...memoryTree({ [bound]: { folder: true } }),
      list: async (path) => ({ names: path === bound ? names : [], undecodable: [] }),
    };
    const { problems } = await readBoundSet(tree);
    expect(problems).toHaveLength(10_001);
    expect(problems[0]).toMatchObject({ code: 'too-many-entries', file: bound });
  });
});

describe('an entry that bootc refuses', () => {
  test.each<[string, Content, string]>([
    ['a file', { [`${bound}/a.image`]: '[Image]\nImage=quay.io/a:1\n' }, 'not-a-link'],
    ['a folder', { [`${bound}/a.image`]: { folder: true } }, 'not-a-link'],
    ['a pipe', { [`${bound}/a.image`]: { other: true } }, 'not-a-link'],
    ['a stray file', { [`${bound}/.gitkeep`]: '' }, 'not-a-link'],
    ['dangling', { [`${bound}/a.image`]: { link: 'none' } }, 'dangling-link'],
    ['escaping', { [`${bound}/a.image`]: { link: '../../../../../../etc/hostname' } }, 'dangling-link'],
    ['looping', { [`${bound}/a.image`]: { link: 'b' }, [`${bound}/b`]: { link: 'a.image' } }, 'link-loop'],
    ['to a folder', { [`${bound}/a.image`]: { link: '/usr' } }, 'target-not-a-file'],
    ['to a pipe', { [`${bound}/a.image`]: { link: '/p' }, '/p': { other: true } }, 'target-not-a-file'],
    ['to /dev/null', { [`${bound}/a.image`]: { link: '/dev/null' } }, 'dangling-link'],
    ['not UTF-8', quadlet('a.image', Buffer.from('[Image]\nImage=a\xff\n', 'latin1')), 'target-not-utf8'],
    ['no extension', quadlet('a', '[Image]\nImage=quay.io/a:1\n'), 'wrong-extension'],
    ['a hidden extension', quadlet('.image', '[Image]\nImage=quay.io/a:1\n'), 'wrong-extension'],
    ['.build', quadlet('a.build', '[Build]\nImageTag=a\n'), 'wrong-extension'],
    ['.kube', quadlet('a.kube', '[Kube]\nYaml=a\n'), 'wrong-extension'],
    ['.pod', quadlet('a.pod', '[Pod]\n'), 'wrong-extension'],
    ['empty', quadlet('a.image', ''), 'bootc-no-image'],
    ['comments alone', quadlet('a.image', '# none\n'), 'bootc-no-image'],
    ['no Image=', quadlet('a.image', '[Image]\nArch=arm64\n'), 'bootc-no-image'],
    ['Image= of the other section', quadlet('a.container', '[Image]\nImage=a\n'), 'bootc-no-image'],
    ['a specifier', quadlet('a.image', '[Image]\nImage=quay.io/a:%i\n'), 'bootc-specifier'],
    ['a lone %', quadlet('a.image', '[Image]\nImage=quay.io/a:%\n'), 'bootc-specifier'],
    ['no section', quadlet('a.image', 'Image\n'), 'bootc-syntax'],
    ['a byte order mark', quadlet('a.image', '\ufeff[Image]\nImage=quay.io/a:1\n'), 'bootc-syntax'],
  ])('%s', async (_, content, code) => {
    // Another entry beside it is read as ever.
    const set = await read({ ...content, ...quadlet('z.image', '[Image]\nImage=quay.io/z:1\n') });
    const { images, problems } = brief(set);
    expect(images).toEqual(['quay.io/z:1']);
    expect([...new Set(problems)]).toEqual(
      code === 'link-loop' ? [`error ${code}!`, 'error wrong-extension!'] : [`error ${code}!`],
    );
    expect(set.problems[0]?.text).toMatch(/\.$/);
  });
});

describe('an image that bootc cannot read is bound all the same', () => {
  test.each<[string, Content, readonly string[]]>([
    [
      'AuthFile=',
      quadlet('a.image', '[Image]\nImage=quay.io/a:1\nAuthFile=/x\n'),
      ['warning bootc-auth-file!'],
    ],
    [
      'a continuation',
      quadlet('a.container', '[Container]\nImage=quay.io/a:1\nExec=a \\\n  b\n'),
      ['warning bootc-syntax!'],
    ],
    [
      'Image= in a drop-in',
      quadlet('a.image', '[Image]\nArch=x\n', {
        [`${units}/a.image.d/1.conf`]: '[Image]\nImage=quay.io/a:1\n',
      }),
      ['warning bootc-no-image!'],
    ],
    [
      'a specifier taken back',
      quadlet('a.image', '[Image]\nImage=quay.io/a:%i\n', {
        [`${units}/a.image.d/1.conf`]: '[Image]\nImage=quay.io/a:1\n',
      }),
      ['warning bootc-specifier!'],
    ],
  ])('%s', async (_, content, problems) => {
    expect(brief(await read(content))).toEqual({ images: ['quay.io/a:1'], problems });
  });
});

describe('an image that podman cannot read is bound, for bootc pulls it', () => {
  test.each<[string, Content, readonly string[]]>([
    [
      'an empty override',
      quadlet('a.image', '[Image]\nImage=quay.io/a:1\n', { [`${etc}/a.image`]: '' }),
      ['warning quadlet-no-image'],
    ],
    [
      'a mask',
      quadlet('a.image', '[Image]\nImage=quay.io/a:1\n', { [`${etc}/a.image`]: { link: '/dev/null' } }),
      ['warning quadlet-no-image'],
    ],
    [
      'a key before the section',
      quadlet('a.image', 'A=b\n[Image]\nImage=quay.io/a:1\n'),
      ['warning quadlet-syntax'],
    ],
    [
      'a specifier in a drop-in',
      quadlet('a.image', '[Image]\nImage=quay.io/a:1\n', {
        [`${etc}/a.image.d/1.conf`]: '[Image]\nImage=%i\n',
      }),
      ['warning quadlet-specifier'],
    ],
    [
      'an unknown key',
      quadlet('a.image', '[Image]\nImage=quay.io/a:1\nBogus=1\nBogus=2\n'),
      ['warning quadlet-key'],
    ],
    [
      'an unknown key of [Quadlet]',
      quadlet('a.image', '[Image]\nImage=quay.io/a:1\n[Quadlet]\nBogus=1\n'),
      ['warning quadlet-key'],
    ],
    [
      'Rootfs=',
      quadlet('a.container', '[Container]\nImage=quay.io/a:1\nRootfs=/x\n'),
      ['warning quadlet-rootfs'],
    ],
  ])('%s', async (_, content, problems) => {
    expect(brief(await read(content))).toEqual({ images: ['quay.io/a:1'], problems });
  });
});

test('an empty Image= after another', async () => {
  // bootc's query reads the empty value; it fails only when it pulls.
  const set = await read(quadlet('a.image', '[Image]\nImage=quay.io/a:1\nImage=\n'));
  expect(brief(set)).toEqual({ images: [], problems: ['error quadlet-no-image'] });
  expect(set.problems[0]).toMatchObject({ file: `${units}/a.image`, line: 3 });
});

test('of two Image= the last counts', async () => {
  const set = await read(quadlet('a.image', '[Image]\nImage=quay.io/a:1\nImage=quay.io/b:1\n'));
  expect(set.definitions).toMatchObject([{ image: 'quay.io/b:1', line: 3 }]);
  expect(set.problems).toEqual([]);
});

test('CRLF is no matter', async () => {
  expect(brief(await read(quadlet('a.image', '[Image]\r\nImage=quay.io/a:1\r\n')))).toEqual({
    images: ['quay.io/a:1'],
    problems: [],
  });
});

describe('a value that is no image', () => {
  test.each([
    ['quay.io/A:1', 'bad-reference'],
    ['"quay.io/a b"', 'bad-reference'],
    ['quay.io/a:1\0', 'bad-reference'],
    ['docker://quay.io/a:1', 'image-transport'],
    ['oci-archive:/a.tar', 'image-transport'],
    ['ab'.repeat(32), 'bad-reference'],
  ])('%s', async (value, code) => {
    const { images, problems } = brief(await read(quadlet('a.image', `[Image]\nImage=${value}\n`)));
    expect(images).toEqual([]);
    expect(problems).toContain(`error ${code}`);
  });
});

describe('a name that the store changes is bound, with a warning', () => {
  test.each([
    ['alpine:3', 'short-name', 'docker.io/library/alpine:3'],
    ['user/app', 'short-name', 'docker.io/user/app:latest'],
    ['quay.io/a/b', 'untagged', 'quay.io/a/b:latest'],
    ['docker.io/alpine:3', 'not-normalised', 'docker.io/library/alpine:3'],
    ['quay.io/%%41:1', 'bad-reference', ''],
  ])('%s', async (value, code, name) => {
    const { definitions, problems } = await read(quadlet('a.image', `[Image]\nImage=${value}\n`));
    expect(problems).toMatchObject([{ code, line: 2, text: expect.stringContaining(name) }]);
    expect(definitions.map(({ image }) => image)).toEqual(code === 'bad-reference' ? [] : [value]);
  });
});

describe('where podman and bootc read different images, both are bound', () => {
  const image = '[Image]\nImage=quay.io/a:1\n';
  test.each<[string, Content, string, number]>([
    [
      'a drop-in',
      quadlet('a.image', image, { [`${etc}/a.image.d/1.conf`]: '[Image]\nImage=quay.io/b:1\n' }),
      `${etc}/a.image.d/1.conf`,
      2,
    ],
    [
      'an override',
      quadlet('a.image', image, { [`${etc}/a.image`]: '\n[Image]\nImage=quay.io/b:1\n' }),
      `${etc}/a.image`,
      3,
    ],
    [
      'a drop-in of the type',
      quadlet('a.image', image, { [`${etc}/image.d/1.conf`]: '[Image]\nImage=quay.io/b:1\n' }),
      `${etc}/image.d/1.conf`,
      2,
    ],
  ])('%s', async (_, content, imageFile, line) => {
    const { definitions, problems } = await read(content);
    expect(definitions).toMatchObject([
      { image: 'quay.io/b:1', file: `${units}/a.image`, imageFile, line },
      { image: 'quay.io/a:1', file: `${units}/a.image`, imageFile: `${units}/a.image`, line: 2 },
    ]);
    expect(problems).toMatchObject([
      { code: 'differs-from-bootc', file: `${units}/a.image`, line: 2, failsBootc: false },
    ]);
  });

  test('a comment that only bootc cuts off', async () => {
    const set = await read(quadlet('a.image', '[Image]\nImage=quay.io/a:1 # c\n'));
    expect(brief(set)).toEqual({
      images: ['quay.io/a:1'],
      problems: ['warning differs-from-bootc', 'error bad-reference'],
    });
  });

  test('quotes that only podman takes off', async () => {
    const set = await read(quadlet('a.image', '[Image]\nImage="quay.io/a:1"\n'));
    expect(brief(set)).toEqual({ images: ['quay.io/a:1'], problems: ['warning differs-from-bootc'] });
  });
});

describe('a container of a unit', () => {
  const container = quadlet('app.container', '[Container]\nImage=app.image\nPodmanArgs=--arch=no\n');

  test('is followed to it', async () => {
    const set = await read({
      ...container,
      [`${units}/app.image`]: '[Image]\nImage=quay.io/a:1\nArch=arm64\n',
      [`${etc}/app.image.d/1.conf`]: '[Image]\nTLSVerify=false\n',
    });
    expect(set.definitions).toMatchObject([
      {
        entry: `${bound}/app.container`,
        file: `${units}/app.container`,
        imageFile: `${units}/app.image`,
        line: 2,
        image: 'quay.io/a:1',
        pull: { arch: 'arm64', tlsVerify: false },
      },
    ]);
    expect(brief(set).problems).toEqual(['warning unit-reference']);
  });

  test.each<[string, Content, string]>([
    ['that is nowhere', container, 'error unit-not-found'],
    [
      'that is masked',
      { ...container, [`${etc}/app.image`]: '', [`${units}/app.image`]: '[Image]\nImage=quay.io/a:1\n' },
      'error quadlet-no-image',
    ],
    ['that is built', quadlet('a.container', '[Container]\nImage=a.build\n'), 'error built-image'],
    [
      'that is itself',
      quadlet('a.container', '[Container]\nImage=../a.image\n', {
        [`${units}/a.image`]: '[Image]\nImage=quay.io/a:1\n',
      }),
      'error unit-not-found',
    ],
  ])('%s is a problem', async (_, content, problem) => {
    expect(brief(await read(content))).toEqual({ images: [], problems: [problem] });
  });
});

test('a template’s instance has the drop-ins of its own name', async () => {
  const set = await read({
    [`${bound}/app.container`]: { link: `${units}/app@1.container` },
    [`${units}/app@1.container`]: { link: 'app@.container' },
    [`${units}/app@.container`]: '[Container]\nImage=quay.io/a:1\n',
    [`${units}/app@1.container.d/1.conf`]: '[Container]\nRetry=7\n',
  });
  expect(set.definitions).toMatchObject([{ file: `${units}/app@.container`, pull: { retry: 7 } }]);
});

test('a quadlet outside the search path stands for itself', async () => {
  const set = await read({
    [`${bound}/app.image`]: { link: '/opt/app.image' },
    '/opt/app.image': '[Image]\nImage=quay.io/a:1\n',
    [`${etc}/app.image`]: '[Image]\nImage=quay.io/b:1\n',
    [`${etc}/app.image.d/1.conf`]: '[Image]\nImage=quay.io/c:1\n',
  });
  expect(brief(set)).toEqual({ images: ['quay.io/a:1'], problems: [] });
});

test('two entries may name one image', async () => {
  const text = '[Image]\nImage=quay.io/a:1\n';
  const set = await read({ ...quadlet('a.image', text), ...quadlet('b.image', text) });
  expect(brief(set)).toEqual({ images: ['quay.io/a:1', 'quay.io/a:1'], problems: [] });
});

describe('on disk', () => {
  let root: string;

  const put = (path: string, content: string | Buffer): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const link = (path: string | Buffer, target: string): void => {
    mkdirSync(join(root, bound), { recursive: true });
    symlinkSync(
      target,
      typeof path === 'string' ? join(root, path) : Buffer.concat([Buffer.from(root), path]),
    );
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'bound-set-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  test('links stay inside the root', async () => {
    put('/usr/share/a.image', '[Image]\nImage=quay.io/a:1\n');
    link(`${bound}/absolute.image`, '/usr/share/a.image');
    link(`${bound}/above.image`, `${'../'.repeat(20)}usr/share/a.image`);
    link(`${bound}/host.image`, '/etc/passwd');
    const { images, problems } = brief(await readBoundSet(diskTree(root)));
    expect(images).toEqual(['quay.io/a:1', 'quay.io/a:1']);
    expect(problems).toEqual(['error dangling-link!']);
  });

  test('a quadlet of 10 MB is not read', async () => {
    put('/usr/share/a.image', Buffer.alloc(10_000_000, '#'));
    link(`${bound}/a.image`, '/usr/share/a.image');
    expect(brief(await readBoundSet(diskTree(root))).problems).toEqual(['error target-too-large']);
  });

  test('names that are not UTF-8, pipes and sockets', async () => {
    put('/usr/share/a.image', '[Image]\nImage=quay.io/a:1\n');
    execFileSync('/usr/bin/mkfifo', [join(root, 'usr/share/pipe')]);
    link(`${bound}/a.image`, '/usr/share/a.image');
    link(`${bound}/pipe.image`, '/usr/share/pipe');
    link(
      Buffer.concat([Buffer.from(`${bound}/`), Buffer.from([0xe9]), Buffer.from('.image')]),
      '/usr/share/a.image',
    );
    const set = await readBoundSet(diskTree(root));
    expect(brief(set)).toEqual({
      images: ['quay.io/a:1'],
      problems: ['error name-not-utf8!', 'error target-not-a-file!'],
    });
    expect(set.problems[0]?.file).toBe(`${bound}/\\xe9.image`);
  });

  test('an entry that cannot be read is a problem of its own', async () => {
    put('/usr/share/a.image', '[Image]\nImage=quay.io/a:1\n');
    put('/usr/share/b.image', '[Image]\nImage=quay.io/b:1\n');
    link(`${bound}/a.image`, '/usr/share/a.image');
    link(`${bound}/b.image`, '/usr/share/b.image');
    const tree = diskTree(root);
    // Root reads everything; so the file is exchanged for a link once it has been looked at.
    const set = await readBoundSet({
      ...tree,
      read: async (path, limitBytes) => {
        if (path === '/usr/share/a.image') {
          rmSync(join(root, path));
          symlinkSync('/etc/passwd', join(root, path));
        }
        return tree.read(path, limitBytes);
      },
    });
    expect(brief(set)).toEqual({ images: ['quay.io/b:1'], problems: ['error target-unreadable!'] });
  });
});
