import { chmod, mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { deepVerify } from '../../src/prefetch/deep-verify.ts';
import type { StoredLayer } from '../../src/model/inventory.ts';
import { readInventory } from '../../src/store/read-inventory.ts';
import { storeReference } from '../../src/store/store-reference.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { type Compression, makeImage, makeLayer, seededBytes, writeLayout } from '../support/image.ts';
import { makeStore, type TestStore } from '../support/store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const never = new AbortController().signal;
const big = 3_000_000;

/** Two images that share a layer, which has all that a layer can have. */
async function filledStore(compression: Compression = 'gzip'): Promise<TestStore> {
  const store = await makeStore();
  await using folder = await temporaryFolder();
  const layout = join(folder.path, 'layout');
  const base = await makeLayer(
    {
      'etc/': { folder: true },
      'etc/empty': '',
      'etc/passwd': 'root',
      [`deep/${'long/'.repeat(40)}name`]: 'long',
      'bin/tool': { content: seededBytes('tool', big), mode: 0o4755 },
      'bin/same': { hardLink: 'bin/tool' },
      'bin/su': { content: 'su', mode: 0o4755 },
      'bin/sh': { link: 'tool' },
      'gone/.wh.file': '',
      'opaque/': { folder: true },
      'opaque/.wh..wh..opq': '',
    },
    compression,
  );
  for (const name of ['one', 'two']) {
    await writeLayout(layout, name, makeImage([base, await makeLayer({ [name]: name })]));
    const place = await storeReference({ storePath: store.path, runRoot: store.runPath });
    const argv = ['copy', '--quiet', `oci:${layout}:${name}`, `${place}r.test/${name}:1`];
    expect(await runProgram('skopeo', argv)).toMatchObject({ exitCode: 0, stderr: '' });
  }
  return store;
}

async function verdicts(store: TestStore): Promise<{ base: unknown; others: string[]; bytes: number }> {
  const inventory = await readInventory(store.path);
  let bytes = 0;
  const all = await deepVerify(inventory, inventory.images, never, (bytesDone) => (bytes = bytesDone));
  const { id } = baseOf(inventory.images[0]?.layers);
  const others = [...all].filter(([other]) => other !== id).map(([, { kind }]) => kind);
  return { base: all.get(id), others, bytes };
}

function baseOf(layers: readonly StoredLayer[] | undefined): StoredLayer {
  const [base] = layers ?? [];
  if (base === undefined) throw new Error('the image has no layer');
  return base;
}

it.each(['gzip', 'zstd', 'none'] as const)(
  'layers that came with %s are whole, and each is read once',
  async (from) => {
    await using store = await filledStore(from);
    const inventory = await readInventory(store.path);
    const total = [...inventory.layers.values()].reduce(
      (sum, { diffSizeBytes = 0 }) => sum + diffSizeBytes,
      0,
    );
    expect(await verdicts(store)).toEqual({
      base: { kind: 'whole' },
      others: ['whole', 'whole'],
      bytes: total,
    });
  },
);

it.each<[string, (diff: string) => Promise<void>, RegExp]>([
  ['a byte', async (diff) => writeFile(join(diff, 'etc/passwd'), 'toor'), /its content is not sha256:/],
  [
    'a file that is gone',
    async (diff) => rm(join(diff, 'etc/passwd')),
    /^etc\/passwd cannot be read \(ENOENT\)$/,
  ],
  ['an empty file that is gone', async (diff) => rm(join(diff, 'etc/empty')), /^\/etc\/empty: is gone$/],
  [
    'a shorter file',
    async (diff) => truncate(join(diff, 'bin/tool'), 5),
    /^bin\/tool has 5 bytes, not 3000000$/,
  ],
  ['a mode', async (diff) => chmod(join(diff, 'bin/su'), 0o755), /^\/bin\/su: has mode 755, not 4755$/],
  ["a folder's mode", async (diff) => chmod(join(diff, 'etc'), 0o777), /^\/etc: has mode 777/],
  ['a whiteout', async (diff) => rm(join(diff, 'gone/file')), /^\/gone\/file: is gone$/],
  ['a whiteout that is a file', (diff) => replace(diff, 'gone/file'), /hides nothing any more/],
  ['a link', async (diff) => relink(join(diff, 'bin/sh')), /^\/bin\/sh: links elsewhere$/],
  ['a file for a folder', async (diff) => replace(diff, 'opaque'), /^\/opaque: is something else$/],
  [
    'a link to it in its place',
    async (diff) => relink(join(diff, 'etc/passwd')),
    /passwd cannot be read \(ELOOP\)/,
  ],
  ['a folder in its place', (diff) => intoFolder(join(diff, 'etc/passwd')), /passwd is no file/],
  ['a pipe in its place', (diff) => intoPipe(join(diff, 'etc/passwd')), /passwd is no file/],
])('%s that has changed is found', async (_, change, what) => {
  await using store = await filledStore();
  const { id } = baseOf((await readInventory(store.path)).images[0]?.layers);
  await change(join(store.path, 'overlay', id, 'diff'));
  expect(await verdicts(store)).toMatchObject({
    base: { kind: 'damaged', what: [expect.stringMatching(what)] },
    others: ['whole', 'whole'],
  });
});

it.each<[string, (store: TestStore, id: string) => Promise<void>, object]>([
  [
    'cut off',
    async (store, id) => truncate(splitFile(store, id), 100),
    { kind: 'damaged', what: [expect.stringContaining('tar-split.gz is damaged')] },
  ],
  [
    'gone',
    async (store, id) => rm(splitFile(store, id)),
    { kind: 'unchecked', why: expect.stringContaining('not recorded') },
  ],
])('what is kept of the tar is %s', async (_, change, verdict) => {
  await using store = await filledStore();
  const { id } = baseOf((await readInventory(store.path)).images[0]?.layers);
  await change(store, id);
  expect(await verdicts(store)).toMatchObject({ base: verdict });
});

it('a layer of composefs is left to it', async () => {
  await using store = await filledStore();
  const { id } = baseOf((await readInventory(store.path)).images[0]?.layers);
  await mkdir(join(store.path, 'overlay', id, 'composefs-data'));
  expect(await verdicts(store)).toMatchObject({ base: { kind: 'unchecked' } });
});

it('ends when it is cancelled, and leaves no file open', async () => {
  await using store = await filledStore();
  const inventory = await readInventory(store.path);
  const cancel = new AbortController();
  const verified = deepVerify(inventory, inventory.images, cancel.signal, () => cancel.abort());
  await expect(verified).rejects.toMatchObject({ code: 'Cancelled' });
});

function splitFile(store: TestStore, id: string): string {
  return join(store.path, 'overlay-layers', `${id}.tar-split.gz`);
}

async function replace(diff: string, path: string): Promise<void> {
  await rm(join(diff, path), { recursive: true });
  await writeFile(join(diff, path), '');
}

async function relink(path: string): Promise<void> {
  await rm(path);
  await symlink('/etc/passwd', path);
}

async function intoFolder(path: string): Promise<void> {
  await rm(path);
  await mkdir(path);
}

async function intoPipe(path: string): Promise<void> {
  await rm(path);
  expect(await runProgram('mkfifo', [path])).toMatchObject({ exitCode: 0 });
}
