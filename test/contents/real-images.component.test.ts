import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openOciArchive, openOciLayout } from '../../src/contents/oci-source.ts';
import { readContents } from '../../src/contents/read-contents.ts';
import type { BlobOptions, ImageSource } from '../../src/contents/source.ts';
import { openStoredImage } from '../../src/contents/stored-source.ts';
import { diskTree } from '../../src/definitions/disk-tree.ts';
import { readBoundSet } from '../../src/definitions/read-bound-set.ts';
import type { Descriptor } from '../../src/model/manifest.ts';
import type { Tree } from '../../src/model/tree.ts';
import { lastLine, runProgram } from '../../src/system/run-program.ts';
import { type Layer, makeImage, makeLayer, seededBytes, writeLayout } from '../support/image.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { rules } from './pack-image.ts';

// Images made by buildah, skopeo and ostree, and what podman unpacks of each: what is read out of the layers is the same.

const bound = 'usr/lib/bootc/bound-images.d';
const quadlets = 'usr/share/containers/systemd';
/** All that readBoundSet looks into. */
const judged = [`/${bound}`, `/${quadlets}`, '/etc/containers/systemd', '/opt'];

let work: TemporaryFolder;
let layouts: string;

beforeAll(async () => {
  work = await temporaryFolder();
  layouts = join(work.path, 'layouts');
  await buildWithBuildah();
  await encapsulateOstree();
  await writeOddLayers();
});
afterAll(() => work[Symbol.asyncDispose]());

async function run(program: string, ...argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram(program, argv);
  if (exitCode !== 0)
    throw new Error(`${program} ${argv.join(' ')}: ${stderr || lastLine(stdout.toString())}`);
  return stdout.toString().trim();
}

async function write(
  root: string,
  files: Readonly<Record<string, string | Buffer | { link: string }>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const at = join(root, path);
    await mkdir(dirname(at), { recursive: true });
    if (typeof content === 'object' && 'link' in content) await symlink(content.link, at);
    else await writeFile(at, content);
  }
}

function unit(image: string): string {
  return `[Image]\nImage=${image}\n`;
}

/** A base, and on top of it a layer with a removed entry, a replaced folder, a changed quadlet and a hard link. */
async function buildWithBuildah(): Promise<void> {
  const base = join(work.path, 'base');
  await write(base, {
    'usr/bin/ballast': seededBytes('ballast', 3_000_000),
    [`${quadlets}/a.image`]: unit('q.test/a:1'),
    [`${quadlets}/b.container`]: '[Container]\nImage=q.test/b:1\n',
    [`${quadlets}/b.container.d/10.conf`]: '[Container]\nImage=q.test/b:2\n',
    [`opt/${'long-name/'.repeat(15)}c.image`]: unit('q.test/c:1'),
    'opt/old/d.image': unit('q.test/d:1'),
    [`${bound}/a.image`]: { link: `/${quadlets}/a.image` },
    [`${bound}/b.container`]: { link: `../../../share/containers/systemd/b.container` },
    [`${bound}/c.image`]: { link: `/opt/${'long-name/'.repeat(15)}c.image` },
    [`${bound}/d.image`]: { link: '/opt/old/d.image' },
    'etc/containers/systemd/e.image': unit('q.test/e:1'),
  });
  const first = await run('buildah', 'from', 'scratch');
  await run('buildah', 'copy', first, base, '/');
  await run('buildah', 'commit', '--rm', first, 'localhost/contents-base');
  const second = await run('buildah', 'from', '--pull-never', 'localhost/contents-base');
  const root = await run('buildah', 'mount', second);
  await rm(join(root, bound, 'a.image'));
  await rm(join(root, 'opt/old'), { recursive: true });
  await write(root, {
    'opt/old': 'a file now',
    [`${quadlets}/a.image`]: unit('q.test/a:2'),
    'opt/new/f.image': unit('q.test/f:1'),
  });
  await run('ln', join(root, 'opt/new/f.image'), join(root, quadlets, 'g.image'));
  await symlink('/opt/new/f.image', join(root, bound, 'f.image'));
  await symlink(`/${quadlets}/g.image`, join(root, bound, 'g.image'));
  // The whole folder is replaced: an opaque one.
  await rm(join(root, 'etc/containers'), { recursive: true });
  await write(root, { 'etc/containers/systemd/h.image': unit('q.test/h:1') });
  await run('buildah', 'unmount', second);
  await run('buildah', 'commit', '--rm', second, 'localhost/contents-os');
  for (const format of ['gzip', 'zstd', 'zstd:chunked'])
    await run(
      'skopeo',
      'copy',
      '--dest-compress-format',
      format,
      'containers-storage:localhost/contents-os',
      `oci:${layouts}:${format.replace(':', '-')}`,
    );
  await run('buildah', 'push', 'localhost/contents-os', `oci:${layouts}:buildah`);
}

/**
 * A real ostree commit, checked out with hard links into its repository, and packed by GNU tar in the layout of ostree-ext
 * (its README, "Filesystem layout"): objects below sysroot/ostree, and hard links to them. ostree-ext itself is in no Debian.
 */
async function encapsulateOstree(): Promise<void> {
  const source = join(work.path, 'ostree-source');
  const root = join(work.path, 'ostree-root');
  const repository = join(root, 'sysroot/ostree/repo');
  await write(source, {
    [`${quadlets}/a.image`]: unit('q.test/a:1'),
    [`${quadlets}/no-quadlet.image`]: '# nothing here\n',
    'usr/lib/os-release': 'ID=test\n',
    [`${bound}/a.image`]: { link: `/${quadlets}/a.image` },
    [`${bound}/no-quadlet.image`]: { link: `/${quadlets}/no-quadlet.image` },
  });
  await mkdir(repository, { recursive: true });
  await run('ostree', `--repo=${repository}`, 'init', '--mode=bare');
  await run('ostree', `--repo=${repository}`, 'commit', '--branch=os', `--tree=dir=${source}`);
  await run(
    'ostree',
    `--repo=${repository}`,
    'checkout',
    '--require-hardlinks',
    'os',
    join(root, 'checkout'),
  );
  await run('mv', join(root, 'checkout/usr'), join(root, 'usr'));
  await run('rm', '-r', join(root, 'checkout'));
  const tarPath = join(work.path, 'ostree.tar');
  await run(
    'tar',
    '--create',
    `--file=${tarPath}`,
    `--directory=${root}`,
    'sysroot/ostree/repo/objects',
    'usr',
  );
  await writeLayout(layouts, 'ostree', makeImage([await layerOf(tarPath)]));
}

async function layerOf(tarPath: string): Promise<Layer> {
  const tar = await readFile(tarPath);
  const bytes = gzipSync(tar);
  const { mediaType } = await makeLayer({});
  const digestOf = (content: Buffer) =>
    `sha256:${createHash('sha256').update(content).digest('hex')}` as Layer['digest'];
  return { mediaType, bytes, size: bytes.length, digest: digestOf(bytes), diffDigest: digestOf(tar) };
}

/** What no tool makes but podman unpacks. */
async function writeOddLayers(): Promise<void> {
  const sparse = join(work.path, 'sparse');
  await write(sparse, {
    [`${quadlets}/a.image`]: unit('q.test/a:1'),
    [`${bound}/a.image`]: { link: `/${quadlets}/a.image` },
  });
  await run('truncate', '--size=10M', join(sparse, 'disk.img'));
  await run(
    'dd',
    'if=/dev/zero',
    `of=${join(sparse, 'disk.img')}`,
    'bs=4096',
    'count=1',
    'conv=notrunc',
    'seek=7',
    'status=none',
  );
  for (const format of ['gnu', 'pax']) {
    const tarPath = join(work.path, `${format}.tar`);
    await run(
      'tar',
      '--create',
      '--sparse',
      `--format=${format}`,
      `--file=${tarPath}`,
      `--directory=${sparse}`,
      'disk.img',
      'usr',
    );
    await writeLayout(layouts, `sparse-${format}`, makeImage([await layerOf(tarPath)]));
  }
  const linked = [
    await makeLayer({ 'usr/share/real/x': 'x', opt: { link: 'var/opt' }, 'var/opt/y': 'y' }),
    await makeLayer({
      'opt/app/app.image': unit('q.test/app:1'),
      [`${bound}/app.image`]: { link: '/opt/app/app.image' },
    }),
    await makeLayer({ [`${bound}/.wh.other.image`]: '', [`${quadlets}/.wh..wh..opq`]: '' }, 'zstd'),
  ];
  await writeLayout(layouts, 'linked', makeImage(linked));
  const many = await Promise.all(
    Array.from({ length: 65 }, (_, at) =>
      makeLayer({ [`${quadlets}/${at % 5}.image`]: unit(`q.test/a:${at}`) }, 'none'),
    ),
  );
  const links = await makeLayer({ [`${bound}/0.image`]: { link: `/${quadlets}/0.image` } });
  await writeLayout(layouts, 'many', makeImage([...many, links]));
}

async function readTree(source: ImageSource): Promise<Tree> {
  await using cache = await temporaryFolder();
  try {
    return await readContents(source, { cacheFolder: cache.path });
  } finally {
    await source.close();
  }
}

/** What podman makes of an image, while `use` looks at it. */
async function unpacked<T>(tag: string, use: (root: Tree) => Promise<T>): Promise<T> {
  const name = `localhost/contents-check:${tag}`;
  await run('skopeo', 'copy', `oci:${layouts}:${tag}`, `containers-storage:${name}`);
  try {
    return await use(diskTree(await run('podman', 'image', 'mount', name)));
  } finally {
    await run('podman', 'image', 'unmount', '--force', name);
    await run('podman', 'rmi', name);
  }
}

/** Every path below the folders that are judged, links not followed, with what stands there. */
async function listing(tree: Tree, quadletsOnly: boolean): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  const visit = async (path: string): Promise<void> => {
    const entry = await tree.lstat(path);
    if (entry?.kind === 'folder') {
      for (const name of (await tree.list(path)).names) await visit(join(path, name));
    } else if (entry?.kind === 'link') {
      found[path] = `-> ${entry.target}`;
    } else if (entry?.kind === 'file' && (!quadletsOnly || /\.(?:image|container|conf)$/.test(path))) {
      found[path] = (await tree.read(path, 2 ** 20)).toString();
    }
  };
  for (const path of judged) await visit(path);
  return found;
}

describe('what is read is what podman unpacks', () => {
  const bindings = 'q.test/b:1 q.test/b:2 differs-from-bootc q.test/c:1 dangling-link q.test/f:1 q.test/f:1';
  const ofBuildah = bindings.split(' ');
  test.each([
    ['gzip', ofBuildah],
    ['zstd', ofBuildah],
    ['zstd-chunked', ofBuildah],
    ['buildah', ofBuildah],
    ['ostree', ['q.test/a:1', 'bootc-no-image']],
    ['sparse-pax', ['q.test/a:1']],
    ['linked', ['q.test/app:1']],
    ['many', ['q.test/a:60']],
  ])('%s', async (tag, images) => {
    const read = await readTree(await openOciLayout(`${layouts}:${tag}`, rules));
    const { definitions, problems } = await readBoundSet(read);
    const seen = [...definitions.map(({ image }) => image), ...problems.map(({ code }) => code)];
    expect(seen.sort()).toEqual([...images].sort());
    await unpacked(tag, async (root) => {
      expect(await listing(read, true)).toEqual(await listing(root, true));
      expect({ definitions, problems }).toEqual(await readBoundSet(root));
    });
  });
});

test("GNU tar's old sparse files, which podman refuses, hide nothing", async () => {
  const read = await readTree(await openOciLayout(`${layouts}:sparse-gnu`, rules));
  expect((await readBoundSet(read)).definitions.map(({ image }) => image)).toEqual(['q.test/a:1']);
  await expect(unpacked('sparse-gnu', async () => undefined)).rejects.toThrow('unhandled tar header type 83');
});

test('of zstd:chunked as skopeo makes it, a small part is read', async () => {
  const source = await openOciLayout(`${layouts}:zstd-chunked`, rules);
  const { layers } = await source.manifest();
  const large = layers.filter(({ sizeBytes }) => sizeBytes > 256 * 1024);
  let readBytes = 0;
  const counting: ImageSource = {
    ...source,
    async blob(descriptor: Descriptor, options: BlobOptions = {}) {
      if (large.some(({ digest }) => digest === descriptor.digest))
        readBytes += options.range?.lengthBytes ?? descriptor.sizeBytes;
      return source.blob(descriptor, options);
    },
  };
  await readTree(counting);
  expect(large).toHaveLength(1);
  expect(readBytes).toBeGreaterThan(0);
  expect(readBytes).toBeLessThanOrEqual(0.01 * (large[0]?.sizeBytes ?? 0));
});

test('an archive and a store say the same as the layout', async () => {
  const archive = join(work.path, 'archive.tar');
  await run('skopeo', 'copy', `oci:${layouts}:gzip`, `oci-archive:${archive}:os`);
  const expected = await readBoundSet(await readTree(await openOciLayout(`${layouts}:gzip`, rules)));
  expect(await readBoundSet(await readTree(await openOciArchive(`${archive}:os`, rules)))).toEqual(expected);
  const stored = await openStoredImage('localhost/contents-os', rules, { temporaryFolder: work.path });
  expect(await readBoundSet(await readTree(stored))).toEqual(expected);
});

test('what is not there is said', async () => {
  const missing = (promise: Promise<unknown>) => expect(promise).rejects.toMatchObject({ code: 'NotFound' });
  await missing(openStoredImage('localhost/nothing-here', rules, { temporaryFolder: work.path }));
  await missing(openOciArchive(join(work.path, 'nothing.tar'), rules));
  await missing((await openOciLayout(`${layouts}:nothing`, rules)).manifest());
  await missing((await openOciLayout(join(work.path, 'nothing'), rules)).manifest());
});
