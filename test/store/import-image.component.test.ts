import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../../src/model/digest.ts';
import { asFailure } from '../../src/model/failure.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { importImage, type ImportOptions, type ImportRequest } from '../../src/store/import-image.ts';
import { readInventory } from '../../src/store/read-inventory.ts';
import { removeImage } from '../../src/store/remove-image.ts';
import { verifyStored } from '../../src/store/verify-store.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { type Image, type Layer, makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { makeStore, type TestStore } from '../support/store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function layer(seed: string, sizeBytes = 20_000): Promise<Layer> {
  return makeLayer({ [seed]: seededBytes(seed, sizeBytes) });
}

/** Two images on one base. */
async function makeTwo(): Promise<[Image, Image]> {
  const base = await layer('base');
  return [makeImage([base, await layer('one')]), makeImage([base, await layer('two')])];
}

interface Source {
  readonly registry: string;
  readonly digest: Digest;
  readonly name: string;
  readonly pull?: ImportRequest['pull'];
}

async function importInto(
  store: TestStore,
  { registry, digest, name, pull }: Source,
  options: ImportOptions = {},
): ReturnType<typeof importImage> {
  const place = { storePath: store.path, runRoot: join(store.runPath, 'imports') };
  const source = { registry, path: 'app', digest };
  return importImage({ ...place, source, name, pull: { tlsVerify: false, ...pull } }, options);
}

function placeOf(store: TestStore): { storePath: string; runRoot: string } {
  return { storePath: store.path, runRoot: join(store.runPath, 'imports') };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => asFailure(error).code,
  );
}

async function verify(store: TestStore, name: string, digest?: Digest): Promise<string> {
  return (await verifyStored(await readInventory(store.path), name, digest)).kind;
}

/** The skopeo that writes into a store. */
async function skopeoOf(store: TestStore): Promise<{ pid: number; text: string } | undefined> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const [commandLine, environment] = await Promise.all(
      ['cmdline', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
    );
    if (commandLine?.startsWith('skopeo\0') === true && commandLine.includes(store.path))
      return { pid: Number(pid), text: commandLine + environment };
  }
  return undefined;
}

describe('the name is stored byte for byte, and podman finds it', () => {
  test.each<[string, (address: string, digest: Digest) => string]>([
    ['repo:tag', (address) => `${address}/app:1`],
    ['repo@digest', (address, digest) => `${address}/app@${digest}`],
    ['repo:tag@digest', (address, digest) => `${address}/app:1@${digest}`],
  ])('%s', async (_, nameOf) => {
    await using registry = await startRegistry();
    await using store = await makeStore();
    const [image] = await makeTwo();
    const digest = await pushImage(image, `${registry.address}/app:1`);
    const name = nameOf(registry.address, digest);
    const stored = await importInto(store, { registry: registry.address, digest, name });
    expect(stored).toMatchObject({ names: [name], digests: [digest], missing: [] });
    expect(stored.layers.map(({ blobDigest }) => blobDigest)).toEqual(
      image.layers.map((each) => each.digest),
    );
    expect((await store.podman('image', 'exists', name)).exitCode).toBe(0);
  });

  test('an index, of which the image keeps both digests; another platform when asked for', async () => {
    await using registry = await startRegistry();
    await using store = await makeStore();
    const images = await Promise.all(
      ['amd64', 'arm64'].map(async (architecture) =>
        makeImage([await layer(architecture)], { architecture }),
      ),
    );
    const digest = await pushImage(images, `${registry.address}/app:1`);
    const arm = images[1]?.manifest.digest;
    const name = `${registry.address}/app@${digest}`;
    const stored = await importInto(store, {
      registry: registry.address,
      digest,
      name,
      pull: { arch: 'arm64' },
    });
    expect(new Set(stored.digests)).toEqual(new Set([digest, arm]));
    expect(await verify(store, name, digest)).toBe('present');
    expect(await verify(store, name, arm)).toBe('present');
    expect(await verify(store, name, images[0]?.manifest.digest)).toBe('mismatch');
    expect((await store.podman('image', 'exists', name)).exitCode).toBe(0);
  });
});

test('a store that is not there is made for its owner alone', async () => {
  await using registry = await startRegistry();
  await using store = await makeStore();
  const [image] = await makeTwo();
  const digest = await pushImage(image, `${registry.address}/app:1`);
  const inner: TestStore = { ...store, path: join(store.path, 'a', 'b') };
  await importInto(inner, { registry: registry.address, digest, name: `${registry.address}/app:1` });
  for (const path of [inner.path, join(store.path, 'a')]) expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test('what was planned is stored, though the tag has moved on; the tag then moves, and the old image is left without a name', async () => {
  await using registry = await startRegistry();
  await using store = await makeStore();
  const [old, next] = await makeTwo();
  const name = `${registry.address}/app:1`;
  const first = await pushImage(old, name);
  const second = await pushImage(next, name);
  const source = { registry: registry.address, name };
  await importInto(store, { ...source, digest: first });
  expect(await verify(store, name, first)).toBe('present');
  await importInto(store, { ...source, digest: second });
  expect(await verify(store, name, second)).toBe('present');

  const { images } = await readInventory(store.path);
  const nameless = images.filter(({ names }) => names.length === 0);
  expect(nameless.map(({ digests }) => digests)).toEqual([[first]]);
  for (const { id } of nameless) await removeImage(placeOf(store), id);
  const after = await readInventory(store.path);
  expect(after.images.map(({ names }) => names)).toEqual([[name]]);
  expect(after.layers.size).toBe(2);
  expect(await verify(store, name, second)).toBe('present');
});

test('removal takes all names of an image, leaves layers that others need, and may be done twice', async () => {
  await using registry = await startRegistry();
  await using store = await makeStore();
  const [one, two] = await makeTwo();
  const source = { registry: registry.address };
  const names = ['1', '2', '3'].map((tag) => `${registry.address}/app:${tag}`);
  const first = await pushImage(one, `${registry.address}/app:1`);
  const second = await pushImage(two, `${registry.address}/app:2`);
  await importInto(store, { ...source, digest: first, name: names[0] ?? '' });
  await importInto(store, { ...source, digest: second, name: names[1] ?? '' });
  const stored = await importInto(store, { ...source, digest: second, name: names[2] ?? '' });
  expect(stored.names.toSorted()).toEqual(names.slice(1));
  await removeImage(placeOf(store), stored.id);
  await removeImage(placeOf(store), stored.id);
  expect((await readInventory(store.path)).images.map((image) => image.names)).toEqual([names.slice(0, 1)]);
  expect(await verify(store, names[0] ?? '', first)).toBe('present');
});

test('a layer whose folder is gone is repaired once all that share it are removed', async () => {
  await using registry = await startRegistry();
  await using store = await makeStore();
  const contents = await makeTwo();
  const sources: Source[] = [];
  for (const [index, image] of contents.entries()) {
    const name = `${registry.address}/app:${index}`;
    sources.push({ registry: registry.address, name, digest: await pushImage(image, name) });
  }
  for (const source of sources) await importInto(store, source);
  const base = (await readInventory(store.path)).images[0]?.layers[0];
  await rm(join(store.path, 'overlay', base?.id ?? 'none'), { recursive: true });

  const [first] = sources;
  if (first === undefined) throw new Error('nothing was pushed');
  expect(await codeOf(importInto(store, first))).toBe('StoreDamaged');
  // Both have the base.
  for (const { id } of (await readInventory(store.path)).images) await removeImage(placeOf(store), id);
  for (const source of sources) await importInto(store, source);
  for (const { name, digest } of sources) expect(await verify(store, name, digest)).toBe('present');
});

test('a manifest whose file is gone comes back with an import', async () => {
  await using registry = await startRegistry();
  await using store = await makeStore();
  const [image] = await makeTwo();
  const name = `${registry.address}/app:1`;
  const source = { registry: registry.address, name, digest: await pushImage(image, name) };
  const { id } = await importInto(store, source);
  await rm(join(store.path, 'overlay-images', id), { recursive: true });
  expect(await verify(store, name)).toBe('damaged');
  await importInto(store, source);
  expect(await verify(store, name, source.digest)).toBe('present');
});

describe('failures', () => {
  test('of a login', async () => {
    const login = { user: 'alice', password: 'open sesame' };
    await using registry = await startRegistry({ login });
    await using store = await makeStore();
    const [image] = await makeTwo();
    const name = `${registry.address}/app:1`;
    const digest = await pushImage(image, name, { login });
    const source = { registry: registry.address, name, digest };
    expect(await codeOf(importInto(store, source))).toBe('Authentication');
    expect(await codeOf(importInto(store, { ...source, pull: { creds: 'alice:wrong' } }))).toBe(
      'Authentication',
    );
    await importInto(store, { ...source, pull: { creds: 'alice:open sesame' } });
    expect(await verify(store, name, digest)).toBe('present');
  });

  test('of a registry and of what comes from it', async () => {
    await using registry = await startRegistry();
    await using store = await makeStore();
    const [image] = await makeTwo();
    const digest = await pushImage(image, `${registry.address}/app:1`);
    const name = 'registry.test/app:1';
    const layerPath = `/v2/app/blobs/${image.layers[1]?.digest}`;
    await using corrupt = await startFaultProxy(registry.url, {
      faultOf: ({ path }) => (path === layerPath ? { kind: 'corrupt', atByte: 10_000 } : undefined),
    });
    await using busy = await startFaultProxy(registry.url, {
      faultOf: ({ path }) => (path === layerPath ? { kind: 'answer', status: 503 } : undefined),
    });
    const codes = [];
    for (const address of [corrupt.address, busy.address])
      codes.push(await codeOf(importInto(store, { registry: address, digest, name })));
    const none = `sha256:${'0'.repeat(64)}` as Digest;
    codes.push(await codeOf(importInto(store, { registry: registry.address, digest: none, name })));
    const pinned = `${registry.address}/app@${none}`;
    codes.push(await codeOf(importInto(store, { registry: registry.address, digest, name: pinned })));
    await registry.stop();
    codes.push(await codeOf(importInto(store, { registry: registry.address, digest, name })));
    expect(codes).toEqual(['DigestMismatch', 'Transient', 'NotFound', 'DigestMismatch', 'Transient']);
    expect(await verify(store, name)).toBe('missing');
  });

  test('of a full disk', async () => {
    await using registry = await startRegistry();
    await using store = await makeStore();
    const name = `${registry.address}/app:1`;
    const digest = await pushImage(makeImage([await layer('large', 3_000_000)]), name);
    const mounted = await runProgram('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', store.path]);
    expect(mounted.stderr).toBe('');
    expect(await codeOf(importInto(store, { registry: registry.address, digest, name }))).toBe('NoSpace');
    expect(await verify(store, name)).toBe('missing');
  });
});

test('secrets are not in the arguments or environment; a cancel ends skopeo and leaves no file', async () => {
  await using registry = await startRegistry();
  await using store = await makeStore();
  await using temporary = await temporaryFolder();
  const name = `${registry.address}/app:1`;
  const [image] = await makeTwo();
  const digest = await pushImage(image, name);
  await using proxy = await startFaultProxy(registry.url, {
    faultOf: ({ path }) => (path.includes('/blobs/') ? { kind: 'stall', afterBytes: 100 } : undefined),
  });
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = temporary.path;
  try {
    const cancel = new AbortController();
    const source = { registry: proxy.address, digest, name, pull: { creds: 'alice:open-sesame' } };
    const running = codeOf(importInto(store, source, { signal: cancel.signal }));
    await expect.poll(() => proxy.requests().some(({ sentBytes }) => sentBytes === 100)).toBe(true);
    const skopeo = await skopeoOf(store);
    expect(skopeo?.text).toContain('auth.json');
    expect(await readdir(temporary.path)).toHaveLength(1);
    expect(skopeo?.text).not.toMatch(/open-sesame|YWxpY2U6b3Blbi1zZXNhbWU/);
    cancel.abort();
    expect(await running).toBe('Cancelled');
    expect(await skopeoOf(store)).toBeUndefined();
    expect(await readdir(temporary.path)).toEqual([]);
    const left = await readdir(placeOf(store).runRoot);
    expect(left.filter((entry) => entry.startsWith('bound-images'))).toEqual([]);
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
});

test('progress is told in bytes', async () => {
  await using registry = await startRegistry();
  await using store = await makeStore();
  const name = `${registry.address}/app:1`;
  const digest = await pushImage(makeImage([await layer('large', 4_000_000)]), name);
  await using proxy = await startFaultProxy(registry.url, { bytesPerSecond: 4_000_000 });
  const told: number[] = [];
  await importInto(
    store,
    { registry: proxy.address, digest, name },
    { onBytes: (bytes) => told.push(bytes) },
  );
  expect(told.length).toBeGreaterThan(1);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(told.at(-1)).toBeLessThan(4_100_000);
});

test.each([1, 2, 3, 4])(
  'skopeo killed once %i layer folders are there: what was present stays whole, and the next import completes',
  async (folders) => {
    await using registry = await startRegistry();
    await using store = await makeStore();
    const [base, ...layers] = await Promise.all(
      ['base', 'a', 'b', 'c'].map((seed) => layer(seed, 3_000_000)),
    );
    if (base === undefined) throw new Error('no layers');
    const there = `${registry.address}/app:there`;
    const next = `${registry.address}/app:next`;
    const thereDigest = await pushImage(makeImage([base]), there);
    const digest = await pushImage(makeImage([base, ...layers]), next);
    await importInto(store, { registry: registry.address, digest: thereDigest, name: there });

    const running = codeOf(importInto(store, { registry: registry.address, digest, name: next }));
    const ended = running.then(() => true);
    // A folder has a link of 26 letters beside it, in `l`.
    while ((await readdir(join(store.path, 'overlay', 'l'))).length < folders) {
      if (await Promise.race([ended, setTimeout(1, false)])) break;
    }
    const skopeo = await skopeoOf(store);
    if (skopeo !== undefined) process.kill(-skopeo.pid, 'SIGKILL');
    expect(['ProgramFailed', 'none']).toContain(await running);

    expect(await verify(store, there, thereDigest)).toBe('present');
    expect(['missing', 'present']).toContain(await verify(store, next, digest));
    expect(await store.imageNames()).toContain(there);
    await importInto(store, { registry: registry.address, digest, name: next });
    const inventory = await readInventory(store.path);
    expect(
      [...inventory.layers.values()].filter(({ incomplete, folderMissing }) => incomplete || folderMissing),
    ).toEqual([]);
    expect(inventory.layers.size).toBe(4);
    expect(await verify(store, there, thereDigest)).toBe('present');
    expect(await verify(store, next, digest)).toBe('present');
    expect(await store.imageNames()).toEqual([next, there]);
  },
);

test('a server that falls silent in the middle of a layer is given up', async () => {
  await using store = await makeStore();
  await using registry = await startRegistry();
  const image = makeImage([await layer('silent', 3_000_000)]);
  const digest = await pushImage(image, `${registry.address}/app:1`);
  await using proxy = await startFaultProxy(registry.url, {
    faultOf: ({ path }) =>
      path.includes(image.layers[0]?.digest ?? '') ? { kind: 'stall', afterBytes: 1_000_000 } : undefined,
  });
  const name = `${proxy.address}/app:1`;
  const pull = importInto(store, { registry: proxy.address, digest, name }, { stallLimitMs: 1_500 });
  await expect(pull).rejects.toMatchObject({
    code: 'TimedOut',
    message: expect.stringContaining('no progress'),
  });
  await importInto(store, { registry: registry.address, digest, name });
  expect(await verify(store, name, digest)).toBe('present');
});
