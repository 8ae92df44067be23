import { createHash } from 'node:crypto';
import {
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openAccess } from '../../src/prefetch/access.ts';
import { extractImage, type ExtractResult } from '../../src/stamp/extract-image.ts';
import { Failure } from '../../src/model/failure.ts';
import type { Platform } from '../../src/model/manifest.ts';
import { gzipped, sha256, type PackedLayer } from '../contents/pack-image.ts';
import {
  file,
  folder,
  gnuLong,
  hardlink,
  pax,
  symlink as link_,
  tar,
  type PackEntry,
} from '../contents/pack-tar.ts';
import { makeImage, makeLayer, writeLayout } from '../support/image.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const amd64: Platform = { os: 'linux', architecture: 'amd64' };

/** A folder with `image`, a layout, `out`, where files are written to, and `outside`, where nothing may ever be. */
let base: string;
beforeEach(async () => {
  const temporary = await temporaryFolder();
  onTestFinished(() => temporary[Symbol.asyncDispose]());
  base = temporary.path;
  await mkdir(join(base, 'outside'));
  await writeFile(join(base, 'outside/secret'), 'untouched');
});

async function extract(paths: readonly string[], platform = amd64): Promise<ExtractResult> {
  await using access = openAccess('/', undefined);
  const request = { image: `oci:${base}/image`, paths, folder: join(base, 'out'), platform };
  return await extractImage(request, access, new AbortController().signal);
}

async function extractLayers(
  paths: readonly string[],
  ...layers: readonly PackedLayer[]
): Promise<ExtractResult> {
  await writeImage(layers);
  return await extract(paths);
}

async function writeImage(layers: readonly PackedLayer[]): Promise<void> {
  const described = layers.map(({ bytes }) => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: sha256(bytes),
    size: bytes.length,
    bytes,
    diffDigest: sha256(bytes),
  }));
  await writeLayout(join(base, 'image'), 'os', makeImage(described));
}

/** Everything that was written: `path: content`, `path -> target`, `path/`. */
async function written(below = ''): Promise<string[]> {
  const names = await readdir(join(base, 'out', below)).catch(() => []);
  const lines = names.map(async (each) => {
    const name = join(below, each);
    const path = join(base, 'out', name);
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) return [`${name} -> ${await readlink(path)}`];
    if (stats.isDirectory()) return [`${name}/`, ...(await written(name))];
    return [`${name}: ${await readFile(path, 'utf8')}`];
  });
  return (await Promise.all(lines)).flat().sort();
}

/** Nothing but what was there before stands beside the folder that was written to. */
async function expectNothingOutside(): Promise<void> {
  expect(await readdir(join(base, 'outside'))).toEqual(['secret']);
  expect(await readFile(join(base, 'outside/secret'), 'utf8')).toBe('untouched');
  expect((await readdir(base)).filter((name) => !['image', 'out', 'outside'].includes(name))).toEqual([]);
}

function device(name: string): PackEntry {
  return { name, type: '3' };
}

function withMode(entry: PackEntry, mode: number): PackEntry {
  return { ...entry, patch: { 100: Buffer.from(`${mode.toString(8).padStart(7, '0')}\0`) } };
}

function sum(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}

describe('layers', () => {
  test('later ones replace, whiteouts remove, opaque folders show nothing from below', async () => {
    await extractLayers(
      ['/'],
      gzipped(file('a', '1'), file('b', '1'), file('d/old', '1'), file('e/f/g', '1'), file('h', '1')),
      gzipped(file('.wh.a'), file('d/new', '2'), file('d/.wh..wh..opq'), file('e/.wh.f'), file('b', '2')),
      gzipped(file('.wh.h'), file('h', '3'), file('.wh.nothing')),
    );
    expect(await written()).toEqual(['b: 2', 'd/', 'd/new: 2', 'e/', 'h: 3']);
  });

  test('a folder replaces a file, a file a folder', async () => {
    await extractLayers(
      ['/'],
      gzipped(file('a', '1'), file('b/c', '1')),
      gzipped(folder('a'), file('a/x', '2'), file('b', '2')),
    );
    expect(await written()).toEqual(['a/', 'a/x: 2', 'b: 2']);
  });

  test('uncompressed and gzip, long names, names in any spelling', async () => {
    const long = `${'n'.repeat(90)}/${'m'.repeat(90)}`;
    await extractLayers(
      ['/'],
      { bytes: tar(gnuLong('L', long), file('x', '1'), pax({ path: 'ü/pax' }), file('x', '2')) },
      gzipped(file('./a//b', '3'), file('/c/./d', '4')),
    );
    expect(await written()).toEqual(
      ['a/', 'a/b: 3', 'c/', 'c/d: 4', `${'n'.repeat(90)}/`, `${long}: 1`, 'ü/', 'ü/pax: 2'].sort(),
    );
  });

  test('a large file comes whole', async () => {
    const content = 'a line of text\n'.repeat(200_000);
    const result = await extractLayers(['/big'], gzipped(file('other', 'x'), file('big', content)));
    expect(await readFile(join(base, 'out/big'), 'utf8')).toBe(content);
    expect(result).toMatchObject({ fileCount: 1, sizeBytes: content.length });
  });
});

describe('paths', () => {
  const layer = gzipped(
    file('usr/lib/modules/6.1/vmlinuz', 'kernel'),
    file('usr/lib/other', 'x'),
    link_('lib', 'usr/lib'),
    link_('boot', '/lib/modules/6.1'),
    link_('dangling', 'nowhere'),
    link_('circle', 'circle'),
  );
  test('a file, with its folders and nothing else', async () => {
    await extractLayers(['/usr/lib/modules/6.1/vmlinuz'], layer);
    expect(await written()).toContain('usr/lib/modules/6.1/vmlinuz: kernel');
    expect(await written()).not.toContain('usr/lib/other: x');
  });
  test('through links, which are there too', async () => {
    await extractLayers(['boot/vmlinuz'], layer);
    expect(await readFile(join(base, 'out/lib/modules/6.1/vmlinuz'), 'utf8')).toBe('kernel');
    expect(await written()).toContain('boot -> /lib/modules/6.1');
  });
  test.for(['/dangling', '/circle'])('%s is a link itself', async (path) => {
    await extractLayers([path], layer);
    expect(await written()).toHaveLength(1);
  });
  test.for(['/nothing', '/usr/lib/other/below', '/dangling/below', '/lib/nothing'])(
    '%s is not there',
    async (path) => {
      await expect(extractLayers([path], layer)).rejects.toMatchObject({ code: 'NotFound' });
      expect(await written()).toEqual([]);
    },
  );
  test('`..` in a path stays inside the image', async () => {
    await extractLayers(['/../../usr/../usr/lib/other'], layer);
    expect(await written()).toEqual(['usr/', 'usr/lib/', 'usr/lib/other: x']);
  });
});

describe('modes and links', () => {
  test('modes are kept, setuid and setgid are not', async () => {
    await extractLayers(
      ['/'],
      gzipped(
        withMode(file('suid', 'x'), 0o6755),
        withMode(folder('tmp'), 0o1777),
        withMode(folder('closed'), 0o555),
        withMode(file('closed/x', '1'), 0o400),
      ),
    );
    const modes = await Promise.all(
      ['suid', 'tmp', 'closed', 'closed/x'].map(
        async (name) => (await stat(join(base, 'out', name))).mode & 0o7777,
      ),
    );
    expect(modes).toEqual([0o755, 0o1777, 0o555, 0o400]);
    await chmod(join(base, 'out/closed'), 0o755);
  });

  test('a hard link is one file with its target, and comes without it too', async () => {
    const object = 'sysroot/ostree/repo/objects/ab/cd.file';
    const layer = gzipped(file(object, 'kernel'), hardlink('usr/vmlinuz', object));
    await extractLayers(['/usr/vmlinuz'], layer);
    expect(await written()).toEqual(['usr/', 'usr/vmlinuz: kernel']);
    await extract(['/']);
    const [one, other] = await Promise.all(
      [object, 'usr/vmlinuz'].map((name) => stat(join(base, 'out', name))),
    );
    expect(one?.ino).toBe(other?.ino);
    // Once more over what is there.
    expect(await extract(['/'])).toMatchObject({ fileCount: 2 });
  });

  test('a hard link keeps the content it was made to, in a higher layer as well', async () => {
    await extractLayers(
      ['/'],
      gzipped(file('a', 'old')),
      gzipped(hardlink('b', 'a')),
      gzipped(file('a', 'new'), file('.wh.c')),
    );
    expect(await written()).toEqual(['a: new', 'b: old']);
  });

  test('devices are left out, and said to be', async () => {
    const { notes } = await extractLayers(['/'], gzipped(device('dev/null'), file('x', '1')));
    expect(notes).toEqual(['/dev/null is left out: it is a device, a pipe or the like']);
    expect(await written()).toEqual(['dev/', 'x: 1']);
  });
});

describe('nothing is written outside', () => {
  const bad = file('x', 'bad');
  test.for<[string, readonly PackEntry[], string[]]>([
    ['an absolute name', [file('/outside/secret', 'bad')], ['outside/', 'outside/secret: bad']],
    [
      'a file below a link that leads out',
      [link_('d', '../outside'), file('d/secret', 'bad')],
      ['d -> ../outside', 'outside/', 'outside/secret: bad'],
    ],
    ['below an absolute link', [link_('d', '/'), file('d/etc/x', 'bad')], ['d -> /', 'etc/', 'etc/x: bad']],
    [
      'below a link in a folder',
      [folder('a'), link_('a/b', '../../..'), file('a/b/c', 'bad')],
      ['a/', 'a/b -> ../../..', 'c: bad'],
    ],
    ['a file over a link', [link_('secret', '../outside/secret'), file('secret', 'bad')], ['secret: bad']],
    [
      'a hard link over a link',
      [link_('l', '../outside/secret'), bad, hardlink('l', 'x')],
      ['l: bad', 'x: bad'],
    ],
    [
      'a folder over a link',
      [link_('d', '../outside'), folder('d'), file('d/secret', 'bad')],
      ['d/', 'd/secret: bad'],
    ],
    [
      'a hard link to a link',
      [link_('l', '../outside/secret'), hardlink('h', 'l')],
      ['h -> ../outside/secret', 'l -> ../outside/secret'],
    ],
    ['links in a circle', [link_('a', 'b'), link_('b', 'a'), file('a/x', 'bad')], ['a -> b', 'b -> a']],
    ['a name that is only slashes', [file('///', 'bad'), bad], ['x: bad']],
  ])('%s', async ([, entries, expected]) => {
    await extractLayers(['/'], gzipped(...entries));
    await expectNothingOutside();
    expect(await written()).toEqual(expected.sort());
  });

  test.for<[string, readonly PackEntry[]]>([
    ['a name with ..', [file('../outside/secret', 'bad')]],
    ['a name with .. within', [file('a/../../outside/secret', 'bad')]],
    ['a hard link to what is outside', [hardlink('h', '../outside/secret')]],
    ['a hard link to a file of the host', [hardlink('h', '/etc/passwd')]],
    ['a hard link through a link that leads out', [link_('d', '/etc'), hardlink('h', 'd/passwd')]],
    ['a hard link to a folder', [folder('d'), hardlink('h', 'd')]],
    ['a sparse file', [{ name: 'x', type: 'S', content: 'abc' }]],
    ['a link to nothing', [link_('l', '')]],
    ['a name with NUL', [pax({ path: 'a\0b' }), bad]],
  ])('%s is refused', async ([, entries]) => {
    await expect(extractLayers(['/'], gzipped(...entries))).rejects.toMatchObject({ code: 'BadContent' });
    await expectNothingOutside();
    expect(await written()).toEqual([]);
  });

  test('a link that stands in the folder is replaced, not followed', async () => {
    await mkdir(join(base, 'out'));
    await symlink('../outside/secret', join(base, 'out/x'));
    await link(join(base, 'outside/secret'), join(base, 'out/y'));
    await extractLayers(['/'], gzipped(file('x', 'new'), file('y', 'new')));
    await expectNothingOutside();
    expect(await written()).toEqual(['x: new', 'y: new']);
  });

  test('a link in the place of a folder is not followed', async () => {
    await mkdir(join(base, 'out'));
    await symlink('../outside', join(base, 'out/d'));
    await expect(extractLayers(['/'], gzipped(file('d/e/f', 'new')))).rejects.toMatchObject({
      code: 'Usage',
    });
    await expectNothingOutside();
    expect(await written()).toEqual(['d -> ../outside']);
  });
});

const part = fc.constantFrom('a', 'b', '.', '..', '.wh.a', '.wh..wh..opq', 'outside', '');
const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const hostile = fc.record({
  name,
  linkName: name,
  type: fc.constantFrom('0', '1', '2', '5'),
  content: fc.string(),
});

test('whatever a tar says, nothing is written outside', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(hostile, { maxLength: 8 }), { minLength: 1, maxLength: 3 }),
      async (layers) => {
        await rm(join(base, 'image'), { recursive: true, force: true });
        // Over what the runs before have left there.
        await extractLayers(['/'], ...layers.map((entries) => gzipped(...entries))).catch(
          (error: unknown) => {
            expect(error).toBeInstanceOf(Failure);
          },
        );
        await expectNothingOutside();
        expect((await written()).filter((line) => line.startsWith('.bound-images'))).toEqual([]);
      },
    ),
    { numRuns: 150 },
  );
}, 30_000);

describe('what is not what it should be', () => {
  test('a layer with another digest: nothing is written', async () => {
    await writeImage([gzipped(file('x', '1')), gzipped(file('y', '1'))]);
    const [name] = await blobsWith(gzipped(file('y', '1')).bytes);
    await writeFile(join(base, 'image/blobs/sha256', name ?? ''), gzipSync(tar(file('y', '2'))));
    await expect(extract(['/'])).rejects.toMatchObject({ code: 'DigestMismatch' });
    expect(await written()).toEqual([]);
  });

  async function blobsWith(bytes: Buffer): Promise<string[]> {
    const names = await readdir(join(base, 'image/blobs/sha256'));
    const found = await Promise.all(
      names.map(async (name) => (await readFile(join(base, 'image/blobs/sha256', name))).equals(bytes)),
    );
    return names.filter((_, at) => found[at]);
  }
});

describe('SHA256SUM', () => {
  const sums = `${sum('kernel')}  boot/vmlinuz\n${sum('initrd')} *boot/initrd\n`;
  const boot = [file('boot/vmlinuz', 'kernel'), file('boot/initrd', 'initrd')];
  /** As netboot images are: sums and files first, links to start from last. */
  const first = gzipped(...boot, file('SHA256SUM', sums));
  const last = gzipped(link_('BOOTX64.EFI', 'boot/vmlinuz'));

  test('of all that it names', async () => {
    expect(await extractLayers(['/'], first, last)).toMatchObject({ verifiedCount: 2, notes: [] });
  });
  test('in a folder above what is asked for, by a link, and not written then', async () => {
    expect(await extractLayers(['/BOOTX64.EFI'], first, last)).toMatchObject({ verifiedCount: 1 });
    expect(await written()).toEqual(['BOOTX64.EFI -> boot/vmlinuz', 'boot/', 'boot/vmlinuz: kernel']);
  });
  test('does not hold: nothing is written', async () => {
    const other = gzipped(file('boot/initrd', 'changed'));
    await expect(extractLayers(['/'], first, other)).rejects.toMatchObject({ code: 'DigestMismatch' });
    expect(await written()).toEqual([]);
    // What does hold can be had.
    expect(await extract(['/boot/vmlinuz'])).toMatchObject({ verifiedCount: 1 });
  });
  test('names what is not there, and has a line that is none', async () => {
    const odd = gzipped(
      file('boot/SHA256SUM', `garbage\n${sum('x')}  gone\nSHA256 (vmlinuz) = ${sum('kernel')}\n`),
    );
    const { verifiedCount, notes } = await extractLayers(['/boot'], gzipped(...boot), odd);
    expect(verifiedCount).toBe(1);
    expect(notes).toEqual([
      '/boot/SHA256SUM: 1 lines are no checksums, the first is line 1',
      '/boot/SHA256SUM names 1 files that the image does not have',
    ]);
  });
});

test('of an index the image for the platform', async () => {
  const images = await Promise.all(
    ['amd64', 'arm64'].map(async (architecture) =>
      makeImage([await makeLayer({ arch: architecture })], { architecture }),
    ),
  );
  await writeLayout(join(base, 'image'), 'os', images);
  await extract(['/arch'], { os: 'linux', architecture: 'arm64' });
  expect(await written()).toEqual(['arch: arm64']);
  await expect(extract(['/arch'], { os: 'linux', architecture: 's390x' })).rejects.toMatchObject({
    code: 'NotFound',
  });
});
