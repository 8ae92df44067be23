import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { Failure } from '../../src/model/failure.ts';
import { readInventory } from '../../src/store/read-inventory.ts';
import { verifyStored } from '../../src/store/verify-store.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { type Image, makeImage, makeLayer, seededBytes, writeLayout } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { cacheOf, makeMirrorScene, type MirrorScene } from './mirror-scene.ts';

async function imageOf(...seeds: string[]): Promise<Image> {
  return makeImage(await Promise.all(seeds.map((seed) => makeLayer({ [seed]: seededBytes(seed, 20_000) }))));
}

/** `127.0.0.1:PORT` of a mirror. */
async function addressOf(scene: MirrorScene, name: string): Promise<string> {
  using served = scene.mirror.serve(await scene.plan(name));
  return served.location.split('/')[0] ?? '';
}

test('layers that the store has are not asked for; the rest comes from the cache', async () => {
  await using registry = await startRegistry();
  const [first, second] = [await imageOf('base', 'one'), await imageOf('base', 'two')];
  const names = [`${registry.address}/app:1`, `${registry.address}/app:2`] as const;
  await pushImage(first, names[0]);
  await pushImage(second, names[1]);
  const { cached, read } = cacheOf(registry.blobsPath);
  await using scene = await makeMirrorScene({ parts: { cached } });
  await using proxy = await startFaultProxy(`http://${await addressOf(scene, names[0])}`);
  const before = registry.requests().length;
  for (const name of names)
    expect(await scene.copy(await scene.plan(name), { via: proxy.address })).toMatchObject({ exitCode: 0 });
  const digests = read.map((line) => line.split(' ')[0]);
  const wanted = [first.config, ...first.layers, second.config, ...second.layers.slice(1)];
  expect(digests).toHaveLength(wanted.length);
  expect(new Set(digests)).toEqual(new Set(wanted.map(({ digest }) => digest)));
  // Of the registry itself nothing was asked but what the plan asked.
  const asked = registry
    .requests()
    .slice(before)
    .map(({ path }) => path);
  expect(asked.filter((path) => !path.includes('/manifests/') && path !== '/v2/')).toEqual([]);
});

test('neither a login, nor a proxy, nor the settings of TLS come between skopeo and the mirror', async () => {
  await using folder = await temporaryFolder();
  const login = { user: 'someone', password: 'password of the registry' };
  await using registry = await startRegistry();
  const name = `${registry.address}/app:1`;
  await pushImage(await imageOf('base'), name);
  await using scene = await makeMirrorScene();
  await using proxy = await startFaultProxy(`http://${await addressOf(scene, name)}`);
  const auth = Buffer.from(`${login.user}:${login.password}`).toString('base64');
  const authFile = join(folder.path, 'auth.json');
  const hosts = [registry.address, `${registry.address}/app`, '127.0.0.1', 'https://127.0.0.1'];
  await writeFile(
    authFile,
    JSON.stringify({ auths: Object.fromEntries(hosts.map((host) => [host, { auth }])) }),
  );
  const nowhere = 'http://127.0.0.1:1';
  const env = { HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, http_proxy: nowhere, https_proxy: nowhere };
  for (const copyArgv of [
    [`--src-authfile=${authFile}`, '--src-tls-verify=false', `--src-cert-dir=${folder.path}`],
    [`--src-creds=${login.user}:${login.password}`],
  ]) {
    const planned = await scene.plan(name);
    expect(await scene.copy(planned, { copyArgv, env, via: proxy.address })).toMatchObject({ exitCode: 0 });
  }
  expect(proxy.requests().filter(({ path }) => path.includes('/manifests/'))).toHaveLength(2);
  for (const { headers } of proxy.requests()) expect(headers.authorization).toBeUndefined();
});

test("the host's own registries.conf and drop-ins do not lead past the mirror, nor are its credential helpers run", async () => {
  await using registry = await startRegistry();
  await using folder = await temporaryFolder();
  const name = `${registry.address}/app:1`;
  await pushImage(await imageOf('base'), name);
  const dropIns = '/etc/containers/registries.conf.d';
  const dropIn = join(dropIns, 'zz-test.conf');
  const mark = join(folder.path, 'asked');
  const helper = join(folder.path, 'docker-credential-test');
  await writeFile(helper, `#!/bin/sh\ntouch ${mark}\nexit 1\n`);
  await chmod(helper, 0o755);
  await mkdir(dropIns, { recursive: true });
  const text = `credential-helpers = ["test"]\n[[registry]]\nprefix = "${registry.address}/app"\nlocation = "127.0.0.1:1/gone"\n`;
  await writeFile(dropIn, text);
  try {
    await using scene = await makeMirrorScene();
    const env = { PATH: `${folder.path}:${process.env['PATH']}` };
    expect(await scene.copy(await scene.plan(name), { env })).toMatchObject({ exitCode: 0 });
  } finally {
    await rm(dropIn);
  }
  await expect(rm(mark)).rejects.toThrow('ENOENT');
});

test('blobs wait for what onAllowed gives; a run that is ended there was a probe', async () => {
  await using registry = await startRegistry();
  const name = `${registry.address}/app:1`;
  const image = await imageOf('base', 'top');
  await pushImage(image, name);
  const { cached, read } = cacheOf(registry.blobsPath);
  await using scene = await makeMirrorScene({ parts: { cached } });
  const planned = await scene.plan(name);

  const probe = new AbortController();
  const onAllowed = (): Promise<void> => {
    probe.abort();
    return Promise.reject(new Error('only a probe'));
  };
  await expect(scene.copy(planned, { onAllowed, signal: probe.signal })).rejects.toThrow('cancelled');
  expect(read).toEqual([]);

  let readThen: readonly string[] | undefined;
  const wait = async (): Promise<void> => {
    await new Promise(setImmediate);
    readThen = [...read];
  };
  expect(await scene.copy(planned, { onAllowed: wait })).toMatchObject({ exitCode: 0 });
  expect(readThen).toEqual([]);
  expect(read).toHaveLength(3);
  const verification = await verifyStored(await readInventory(scene.store.path), name, image.manifest.digest);
  expect(verification.kind).toBe('present');
});

test('a body that breaks off is gone on with by skopeo where it stopped, once', async () => {
  await using registry = await startRegistry();
  const name = `${registry.address}/app:1`;
  const image = makeImage([await makeLayer({ large: seededBytes('large', 3_000_000) })]);
  await pushImage(image, name);
  const { cached, read } = cacheOf(registry.blobsPath);
  const failures: Failure[] = [];
  await using scene = await makeMirrorScene({
    parts: {
      async cached(digest, span, signal) {
        const whole = await cached(digest, span, signal);
        const breaks = read.length === 2;
        if (whole === undefined || !breaks) return whole;
        return Readable.from([(await buffer(whole)).subarray(0, 2_000_000)], { objectMode: false });
      },
    },
  });
  const planned = await scene.plan(name);
  const onFailure = (failure: Failure): void => void failures.push(failure);
  expect(await scene.copy(planned, { onFailure })).toMatchObject({ exitCode: 0 });
  const [layer] = image.layers;
  const spans = read
    .filter((line) => line.startsWith(layer?.digest ?? 'none'))
    .map((line) => line.split(' ')[1]);
  expect(spans).toEqual([`0-${layer?.size}`, `2000000-${layer?.size}`]);
  expect(failures.map(({ code }) => code)).toEqual(['Transient']);
});

test('partial pulls of zstd:chunked: of a layer only the chunks that no other layer has', async () => {
  await using registry = await startRegistry();
  await using folder = await temporaryFolder();
  const layout = join(folder.path, 'layout');
  const names: string[] = [];
  for (const version of ['1', '2']) {
    // Every second file is new, so that what is missing is in many places.
    const entries = Array.from({ length: 40 }, (_, index): [string, Buffer] => {
      const seed = index % 2 === 0 ? `${index}` : `${index} of ${version}`;
      return [`file-${index}`, seededBytes(seed, 30_000)];
    });
    await writeLayout(layout, version, makeImage([await makeLayer(Object.fromEntries(entries), 'none')]));
    const name = `${registry.address}/app:${version}`;
    const argv = ['copy', '--dest-tls-verify=false', '--dest-compress-format=zstd:chunked'];
    const pushed = await runProgram('skopeo', [...argv, `oci:${layout}:${version}`, `docker://${name}`]);
    expect(pushed).toMatchObject({ exitCode: 0 });
    names.push(name);
  }
  const { cached } = cacheOf(registry.blobsPath);
  await using scene = await makeMirrorScene({ parts: { cached } });
  await using proxy = await startFaultProxy(`http://${await addressOf(scene, names[0] ?? '')}`);
  const storageConf = join(folder.path, 'storage.conf');
  await writeFile(
    storageConf,
    [
      '[storage]',
      'driver = "overlay"',
      `graphroot = "${scene.store.path}"`,
      `runroot = "${scene.store.runPath}"`,
      '[storage.options]',
      'pull_options = { enable_partial_images = "true" }',
    ].join('\n'),
  );
  const env = { CONTAINERS_STORAGE_CONF: storageConf };
  for (const name of names) {
    const planned = await scene.plan(name);
    const result = await scene.copy(planned, { env, via: proxy.address, store: 'containers-storage:' });
    expect(result).toMatchObject({ exitCode: 0 });
  }
  const layers = proxy.requests().filter(({ path, headers }) => path.includes('/blobs/') && headers.range);
  const second = layers.filter(({ path }) => path === layers.at(-1)?.path);
  // Its table of contents and the 20 chunks that are new, of 40.
  expect(second.map(({ headers }) => headers.range?.split(',').length)).toEqual([2, 20]);
  for (const { status } of layers) expect(status).toBe(206);
  const sentBytes = second.reduce((sum, each) => sum + each.sentBytes, 0);
  expect(sentBytes).toBeGreaterThan(20 * 30_000);
  expect(sentBytes).toBeLessThan(22 * 30_000);
  const inventory = await readInventory(scene.store.path);
  for (const name of names) expect((await verifyStored(inventory, name, undefined)).kind).toBe('present');
});
