import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { defaultLimits, type ContentLimits } from '../../src/contents/limits.ts';
import { readContents } from '../../src/contents/read-contents.ts';
import { forgetOldLayers } from '../../src/contents/remembered-layers.ts';
import type { ImageSource } from '../../src/contents/source.ts';
import { readBoundSet } from '../../src/definitions/read-bound-set.ts';
import { Failure } from '../../src/model/failure.ts';
import type { Tree } from '../../src/model/tree.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { descriptorOf, estargz, gzipped, memorySource, zstdChunked, type PackedLayer } from './pack-image.ts';
import { file, folder, gnuLong, hardlink, header, pax, symlink, tar, type PackEntry } from './pack-tar.ts';

const bound = 'usr/lib/bootc/bound-images.d';
const quadlets = 'usr/share/containers/systemd';

function unit(image: string): string {
  return `[Image]\nImage=${image}\n`;
}

/** A bound image: the quadlet, and the link to it. */
function bind(name: string, image: string): PackEntry[] {
  return [
    file(`${quadlets}/${name}.image`, unit(image)),
    symlink(`${bound}/${name}.image`, `/${quadlets}/${name}.image`),
  ];
}

/** Something large enough that reading a table of contents pays. */
const ballast = file('usr/bin/ballast', randomBytes(400_000));
const object = `sysroot/ostree/repo/objects/ab/${'c'.repeat(62)}.file`;

async function contents(layers: readonly PackedLayer[]): Promise<Tree> {
  await using cache = await temporaryFolder();
  return await readContents(memorySource(layers), { cacheFolder: cache.path });
}

async function boundBy(tree: Tree): Promise<readonly string[]> {
  const { definitions, problems } = await readBoundSet(tree);
  return [...definitions.map(({ image }) => image), ...problems.map(({ code }) => code)];
}

const deep = `opt/${'very-long-name/'.repeat(12)}app.image`;

const shapes: readonly { shape: string; layers: readonly PackedLayer[]; images: readonly string[] }[] = [
  { shape: 'gzip', layers: [gzipped(...bind('a', 'q.test/a:1'))], images: ['q.test/a:1'] },
  {
    shape: 'zstd, a frame after the other',
    layers: [
      {
        bytes: Buffer.concat(
          [tar(...bind('a', 'q.test/a:1'))].flatMap((all) => [
            zstdCompressSync(all.subarray(0, 700)),
            zstdCompressSync(all.subarray(700)),
          ]),
        ),
      },
    ],
    images: ['q.test/a:1'],
  },
  { shape: 'uncompressed', layers: [{ bytes: tar(...bind('a', 'q.test/a:1')) }], images: ['q.test/a:1'] },
  {
    shape: 'names with a slash, a dot and a folder mark',
    layers: [
      gzipped(
        file(`/${quadlets}/a.image`, unit('q.test/a:1')),
        symlink(`./${bound}/a.image`, `../../../../${quadlets}/a.image`),
      ),
    ],
    images: ['q.test/a:1'],
  },
  {
    shape: 'a whiteout of an entry',
    layers: [
      gzipped(...bind('a', 'q.test/a:1'), ...bind('b', 'q.test/b:1')),
      gzipped(file(`${bound}/.wh.a.image`)),
    ],
    images: ['q.test/b:1'],
  },
  {
    shape: 'a whiteout beside the entry that takes its place',
    layers: [
      gzipped(...bind('a', 'q.test/a:1')),
      gzipped(file(`${quadlets}/a.image`, unit('q.test/a:2')), file(`${quadlets}/.wh.a.image`)),
    ],
    images: ['q.test/a:2'],
  },
  {
    shape: 'an opaque folder',
    layers: [
      gzipped(...bind('a', 'q.test/a:1')),
      gzipped(folder(bound), ...bind('b', 'q.test/b:1'), file(`${bound}/.wh..wh..opq`)),
    ],
    images: ['q.test/b:1'],
  },
  {
    shape: 'a removed folder above',
    layers: [gzipped(...bind('a', 'q.test/a:1')), gzipped(file('usr/lib/.wh.bootc'))],
    images: [],
  },
  {
    shape: 'a file in place of a folder, and a folder in place of a file',
    layers: [
      gzipped(...bind('a', 'q.test/a:1'), file('opt/x', 'text')),
      gzipped(file('usr/lib/bootc', 'no folder any more')),
      gzipped(folder('usr/lib/bootc'), ...bind('b', 'q.test/b:1')),
    ],
    images: ['q.test/b:1'],
  },
  {
    shape: 'a hard link in its own layer',
    layers: [
      gzipped(
        file('opt/store/1', unit('q.test/a:1')),
        hardlink(`${quadlets}/a.image`, 'opt/store/1'),
        symlink(`${bound}/a.image`, `/${quadlets}/a.image`),
      ),
    ],
    images: ['q.test/a:1'],
  },
  {
    shape: 'a hard link into a lower layer',
    layers: [
      gzipped(file('opt/store/1', unit('q.test/a:1'))),
      gzipped(
        hardlink(`${quadlets}/a.image`, 'opt/store/1'),
        symlink(`${bound}/a.image`, `/${quadlets}/a.image`),
      ),
    ],
    images: ['q.test/a:1'],
  },
  {
    shape: 'links through linked folders',
    layers: [
      gzipped(symlink('opt', 'var/opt'), symlink('usr/lib', 'lib64'), folder('usr/lib64')),
      gzipped(
        symlink('usr/lib/bootc', '../share/bound'),
        symlink('usr/share/bound/bound-images.d', '/etc/bound'),
        file('opt/app/app.image', unit('q.test/a:1')),
        symlink('etc/bound/app.image', '/opt/app/app.image'),
      ),
    ],
    images: ['q.test/a:1'],
  },
  {
    shape: 'a folder in place of a link, which no entry says',
    layers: [
      gzipped(
        symlink('usr/lib/bootc', '../share/bound'),
        file('opt/app/app.image', unit('q.test/a:1')),
        symlink('usr/share/bound/bound-images.d/app.image', '/opt/app/app.image'),
      ),
      gzipped(file('usr/lib/bootc/other', 'text')),
    ],
    images: [],
  },
  {
    shape: 'a quadlet of another name',
    layers: [gzipped(file('opt/app/unit', unit('q.test/a:1')), symlink(`${bound}/a.image`, '/opt/app/unit'))],
    images: ['q.test/a:1'],
  },
  {
    shape: 'pax long names',
    layers: [
      gzipped(
        pax({ path: deep }),
        file('short', unit('q.test/a:1')),
        pax({ linkpath: `/${deep}` }),
        symlink(`${bound}/a.image`, 'short'),
      ),
    ],
    images: ['q.test/a:1'],
  },
  {
    shape: 'GNU long names',
    layers: [
      gzipped(
        gnuLong('L', deep),
        file('short', unit('q.test/a:1')),
        gnuLong('K', `/${deep}`),
        symlink(`${bound}/a.image`, 'short'),
      ),
    ],
    images: ['q.test/a:1'],
  },
  {
    shape: 'a global pax header, which podman does not apply',
    layers: [gzipped({ ...pax({ path: 'elsewhere' }), type: 'g' }, ...bind('a', 'q.test/a:1'))],
    images: ['q.test/a:1'],
  },
  {
    shape: 'a sparse file that does not matter',
    layers: [
      {
        // Its header says that another block of its map follows; then come its 512 bytes of data.
        bytes: Buffer.concat([
          header({ name: 'disk.img', type: 'S', patch: { 482: Buffer.from([1]) } }, 512),
          Buffer.alloc(512),
          Buffer.alloc(512, 'x'),
          tar(...bind('a', 'q.test/a:1')),
        ]),
      },
    ],
    images: ['q.test/a:1'],
  },
  {
    shape: 'a sparse quadlet',
    layers: [
      gzipped(
        pax({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': `${quadlets}/a.image` }),
        file('GNUSparseFile.0/a.image', unit('q.test/a:1')),
        symlink(`${bound}/a.image`, `/${quadlets}/a.image`),
      ),
    ],
    images: ['target-unreadable'],
  },
  {
    shape: 'an entry behind the end of the tar',
    layers: [{ bytes: Buffer.concat([tar(...bind('a', 'q.test/a:1')), tar(...bind('b', 'q.test/b:1'))]) }],
    images: ['q.test/a:1'],
  },
  {
    shape: '65 layers',
    layers: Array.from({ length: 65 }, (_, at) => gzipped(...bind(`a${at % 3}`, `q.test/a:${at}`))),
    images: ['q.test/a:63', 'q.test/a:64', 'q.test/a:62'],
  },
  {
    shape: 'encapsulated ostree: objects, files and links of them hard linked to their paths',
    layers: [
      gzipped(
        file(object, unit('q.test/a:1')),
        hardlink(`${quadlets}/a.image`, object),
        { name: `${object}.l`, type: '2', linkName: `/${quadlets}/a.image` },
        hardlink(`${bound}/a.image`, `${object}.l`),
      ),
    ],
    images: ['q.test/a:1'],
  },
  {
    shape: 'rechunked: objects of a package a layer, and a layer made from it',
    layers: [
      gzipped(file(object, unit('q.test/a:1')), hardlink(`${quadlets}/a.image`, object)),
      gzipped(
        { name: `${object}.l`, type: '2', linkName: `/${quadlets}/a.image` },
        hardlink(`${bound}/a.image`, `${object}.l`),
      ),
      gzipped(...bind('b', 'q.test/b:1')),
    ],
    images: ['q.test/a:1', 'q.test/b:1'],
  },
  {
    shape: 'zstd:chunked',
    layers: [zstdChunked(ballast, ...bind('a', 'q.test/a:1'))],
    images: ['q.test/a:1'],
  },
  { shape: 'eStargz', layers: [estargz(ballast, ...bind('a', 'q.test/a:1'))], images: ['q.test/a:1'] },
];

describe('what an image binds', () => {
  test.each(shapes)('$shape', async ({ layers, images }) => {
    expect(await boundBy(await contents(layers))).toEqual(images);
  });

  test('is what the same layers say when read again', async () => {
    await using cache = await temporaryFolder();
    for (const { layers, images } of shapes) {
      const first = memorySource(layers);
      await readContents(first, { cacheFolder: cache.path });
      const second = memorySource(layers);
      expect(await boundBy(await readContents(second, { cacheFolder: cache.path }))).toEqual(images);
      expect(second.asked).toEqual([]);
    }
  });
});

describe('a table of contents', () => {
  const formats = [
    { format: 'zstd:chunked', make: zstdChunked },
    { format: 'eStargz', make: estargz },
  ];
  const damages: [string, (layer: PackedLayer) => PackedLayer][] = [
    ['has another digest', (layer) => damaged(layer, (text) => text.replace(/[0-9a-f]{64}/, 'f'.repeat(64)))],
    ['is elsewhere', (layer) => damaged(layer, (text) => text.replace(/^\d+:/, '12:'))],
  ];

  test.each(formats)('of $format: only what matters is read', async ({ make }) => {
    await using cache = await temporaryFolder();
    const source = memorySource([make(ballast, ...bind('a', 'q.test/a:1'))]);
    expect(await boundBy(await readContents(source, { cacheFolder: cache.path }))).toEqual(['q.test/a:1']);
    expect(source.asked.every(({ whole }) => !whole)).toBe(true);
    expect(source.asked.reduce((total, { bytes }) => total + bytes, 0)).toBeLessThan(4_000);
  });

  test.each(formats)('of $format: a quadlet of another name is found', async ({ make }) => {
    const layers = [
      make(ballast, file('opt/unit', unit('q.test/a:1')), symlink(`${bound}/a.image`, '/opt/unit')),
      make(ballast, file('srv/unit', unit('q.test/b:1'))),
      gzipped(symlink(`${bound}/b.image`, '/srv/unit')),
    ];
    expect(await boundBy(await contents(layers))).toEqual(['q.test/a:1', 'q.test/b:1']);
  });

  test.each(formats)('of $format: hard links of ostree objects', async ({ make }) => {
    const layer = make(
      ballast,
      file(object, unit('q.test/a:1')),
      hardlink(`${quadlets}/a.image`, object),
      symlink(`${bound}/a.image`, `/${quadlets}/a.image`),
    );
    expect(await boundBy(await contents([layer]))).toEqual(['q.test/a:1']);
  });

  test.each(formats)('of $format is not used where ranges are not served', async ({ make }) => {
    await using cache = await temporaryFolder();
    const source = memorySource([make(ballast, ...bind('a', 'q.test/a:1'))], false);
    expect(await boundBy(await readContents(source, { cacheFolder: cache.path }))).toEqual(['q.test/a:1']);
    expect(source.asked.map(({ whole }) => whole)).toEqual([true]);
  });

  test.each(
    formats.flatMap(({ format, make }) =>
      damages.map(([damage, change]) => ({ format, make, damage, change })),
    ),
  )('of $format that $damage: the layer itself is read', async ({ make, change }) => {
    const layer = change(make(ballast, ...bind('a', 'q.test/a:1')));
    expect(await boundBy(await contents([layer]))).toEqual(['q.test/a:1']);
  });

  test('of somebody else does not stand for the layer', async () => {
    await using cache = await temporaryFolder();
    const layer = zstdChunked(ballast, ...bind('a', 'q.test/a:1'));
    await readContents(memorySource([layer]), { cacheFolder: cache.path });
    const plain = memorySource([{ bytes: layer.bytes }]);
    await readContents(plain, { cacheFolder: cache.path });
    expect(plain.asked.map(({ whole }) => whole)).toEqual([true]);
  });
});

describe('what is remembered', () => {
  test.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ['changed', (bytes: Buffer) => bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte))],
    ['empty', () => Buffer.alloc(0)],
  ])('is learnt anew where its file is %s', async (_, change) => {
    await using cache = await temporaryFolder();
    const layers = [gzipped(...bind('a', 'q.test/a:1'))];
    await readContents(memorySource(layers), { cacheFolder: cache.path });
    const [name = ''] = await readdir(cache.path);
    await writeFile(join(cache.path, name), change(await readFile(join(cache.path, name))));
    const source = memorySource(layers);
    expect(await boundBy(await readContents(source, { cacheFolder: cache.path }))).toEqual(['q.test/a:1']);
    expect(source.asked).toHaveLength(1);
  });

  test('goes, the longest unused first', async () => {
    await using cache = await temporaryFolder();
    for (const [at, name] of ['old', 'new'].entries()) {
      await writeFile(join(cache.path, name), Buffer.alloc(100));
      await utimes(join(cache.path, name), at, at);
    }
    await forgetOldLayers(cache.path, 150);
    expect(await readdir(cache.path)).toEqual(['new']);
  });
});

describe('a bad image', () => {
  async function failure(source: ImageSource): Promise<Failure> {
    await using cache = await temporaryFolder();
    const thrown: unknown = await readContents(source, { cacheFolder: cache.path }).catch(
      (error: unknown) => error,
    );
    expect(await readdir(cache.path)).toEqual([]);
    if (!(thrown instanceof Failure)) throw new Error('it was read', { cause: thrown });
    return thrown;
  }

  test('a layer with another digest is refused, and not remembered', async () => {
    const source = memorySource([gzipped(...bind('a', 'q.test/a:1'))]);
    const other = gzipped(...bind('a', 'q.test/b:1')).bytes;
    const swapped: ImageSource = {
      ...source,
      blob: async () =>
        (async function* () {
          yield other;
        })(),
    };
    expect(await failure(swapped)).toMatchObject({
      code: 'DigestMismatch',
      message: expect.stringMatching(/^layer [0-9a-f]{12}: /),
    });
  });

  test('what else is being read ends at once', async () => {
    const endless = gzipped(ballast);
    const layers = [endless, { bytes: Buffer.from('no tar'.repeat(200)) }];
    const source = memorySource(layers);
    const { digest } = descriptorOf(endless);
    // Gives its bytes only when it is told that nobody wants them any more.
    const waiting: ImageSource = {
      ...source,
      blob: async (layer, options = {}) =>
        layer.digest === digest ? untilAborted(options.signal) : source.blob(layer, options),
    };
    expect(await failure(waiting)).toMatchObject({ code: 'BadContent' });
  });

  test('cancelled', async () => {
    await using cache = await temporaryFolder();
    const signal = AbortSignal.abort();
    const read = readContents(memorySource([gzipped(ballast)]), { cacheFolder: cache.path, signal });
    await expect(read).rejects.toMatchObject({ code: 'Cancelled' });
  });

  const good = gzipped(ballast, ...bind('a', 'q.test/a:1')).bytes;
  const goodZstd = zstdCompressSync(tar(ballast));
  const bad: readonly [string, Buffer][] = [
    ['gzip that is cut off', good.subarray(0, -100)],
    ['zstd that is cut off', goodZstd.subarray(0, -100)],
    ['zstd that is cut off between two blocks', zstdChunked(ballast).bytes.subarray(0, 9)],
    ['a damaged gzip', Buffer.concat([good.subarray(0, 2000), Buffer.alloc(64), good.subarray(2064)])],
    ['gzip with something else behind it', Buffer.concat([gzipSync(tar()), Buffer.alloc(1), good])],
    ['a tar that is cut off in a file', tar(ballast).subarray(0, 5000)],
    ['a tar that is cut off in a header', tar(ballast).subarray(0, 100)],
    ['a damaged header', tar(ballast).fill(1, 0, 4)],
    ['no tar at all', Buffer.from('hello, world\n'.repeat(100))],
    ['xz', Buffer.from('fd377a585a000004e6d6b446', 'hex')],
    ['a negative size', tar({ name: 'a', sizeField: Buffer.alloc(12, 0xff) })],
    [
      'an endless size',
      tar({ name: 'a', sizeField: Buffer.concat([Buffer.from([0x80]), Buffer.alloc(11, 0xfe)]) }),
    ],
    ['a negative size in pax', tar(pax({ size: '-1' }), file('a'))],
    [
      'a pax record that ends before it begins',
      tar({ name: 'pax', type: 'x', content: '-5 =\n' }, file('a')),
    ],
    ['a pax header of 2 MiB', tar(pax({ comment: 'x'.repeat(2 ** 21) }), file('a'))],
    ['a path of 100 kB', tar(pax({ path: 'x'.repeat(100_000) }), file('a'))],
    ['a path with ".."', tar(file('usr/../../etc/passwd', 'x'))],
    ['a hard link to ".."', tar(hardlink('usr/a.image', '../../etc/shadow'))],
    ['a NUL in a path', tar(pax({ path: 'a\0b' }), file('a'))],
  ];
  test.each(bad)('%s is refused with the layer and a remedy', async (_, bytes) => {
    expect(await failure(memorySource([{ bytes }]))).toMatchObject({
      code: 'BadContent',
      message: expect.stringMatching(/^layer [0-9a-f]{12}: .*\. Build the image again, or push it anew\.$/s),
    });
  });

  const tight = { ...defaultLimits, layerBytes: 2 ** 20, entries: 100, keptEntries: 50, keptBytes: 2 ** 18 };
  const bombs: readonly [string, ContentLimits, Buffer][] = [
    ['zeros without end', tight, gzipSync(Buffer.concat([tar(file('a')), Buffer.alloc(2 ** 21)]))],
    ['a file of many zeros', tight, zstdCompressSync(tar(file('a', Buffer.alloc(2 ** 21))))],
    [
      'a ratio that no files have',
      { ...defaultLimits, ratioFromBytes: 2 ** 20, ratio: 500 },
      zstdCompressSync(tar(file('a', Buffer.alloc(2 ** 21)))),
    ],
    ['too many entries', tight, tar(...Array.from({ length: 101 }, (_, at) => file(`${at}`)))],
    ['too many links', tight, tar(...Array.from({ length: 51 }, (_, at) => symlink(`${at}`, 'x')))],
    [
      'too much that looks like quadlets',
      tight,
      tar(file('a.image', 'x'.repeat(2 ** 17)), file('b.image', 'x'.repeat(2 ** 17 + 1))),
    ],
  ];
  test.each(bombs)('%s is refused', async (_, limits, bytes) => {
    await using cache = await temporaryFolder();
    const read = readContents(memorySource([{ bytes }]), { cacheFolder: cache.path, limits });
    await expect(read).rejects.toMatchObject({ code: 'BadContent' });
  });

  test('a name that is not UTF-8 is shown as such', async () => {
    const name = Buffer.from(`${bound}/\xe9.image`, 'latin1');
    const tree = await contents([{ bytes: tar({ name, type: '2', linkName: 'x' }) }]);
    expect(await tree.list(`/${bound}`)).toEqual({ names: ['\\xe9.image'], undecodable: ['\\xe9.image'] });
  });

  test('a circle of links ends', async () => {
    const layers = [gzipped(symlink('usr/lib', '../usr/lib'), ...bind('a', 'q.test/a:1'))];
    expect(await boundBy(await contents(layers))).toEqual(['bound-images-unreadable']);
  });
});

function damaged(layer: PackedLayer, change: (text: string) => string): PackedLayer {
  const annotations = Object.entries(layer.annotations ?? {}).map(([key, value]) => [key, change(value)]);
  return { ...layer, annotations: Object.fromEntries(annotations) as Record<string, string> };
}

async function* untilAborted(signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  if (signal === undefined) throw new Error('nobody can end it');
  await once(signal, 'abort');
  yield Buffer.alloc(1);
}
