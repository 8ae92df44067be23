import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { makeApp, mirror, type MirrorDocument, pushOs, skopeoDigest, wholeBlobs } from './mirror-scene.ts';
import { openRegistry } from './open-registry.ts';
import { runCli, startCli } from './run-cli.ts';

// Sets out of the real docker-registry, into layouts, archives and another docker-registry, read there by skopeo.

const registry = await openRegistry();
const { address } = registry;

beforeEach(async () => {
  await rm('/var/cache/bound-images', { recursive: true, force: true });
});

/** Digests of blobs that the registry was asked for since. */
function fetchedSince(before: number): string[] {
  return registry
    .requests()
    .slice(before)
    .filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'))
    .map(({ path }) => path.replace(/^.*\/blobs\//, ''));
}

it('a set in a folder: all architectures, each blob once, bit by bit what the registry has', async () => {
  await using folder = await temporaryFolder();
  const web = await pushImage(
    [await makeApp('web', 'amd64'), await makeApp('web', 'arm64')],
    `${address}/web:1`,
  );
  const db = await pushImage(await makeApp('db'), `${address}/db:1`);
  const names = [`${address}/web@${web}`, `${address}/db:1`];
  const os = await pushOs(address, '1', names);
  const layout = join(folder.path, 'usb');
  const before = registry.requests().length;
  const { images, set, tag, bytesToCopy } = await mirror(`${address}/os:1`, `oci:${layout}`);
  const fetched = fetchedSince(before);
  expect(fetched.toSorted()).toEqual([...new Set(fetched)].toSorted());
  // A base, an own layer and a config of web twice and of db once; the OS image's layer and config.
  expect(fetched).toHaveLength(1 + 3 + 3 + 2);
  // Besides: the manifests of two images, an index and its two, and the set.
  expect(await wholeBlobs(layout)).toHaveLength(fetched.length + 6);
  expect(images.map(({ role, reference, digest }) => [role, reference, digest])).toEqual([
    ['os', `${address}/os:1`, os],
    ['bound', names[0], web],
    ['bound', names[1], db],
  ]);
  expect(tag).toBe('1');
  for (const { location, digest } of [...images, set]) expect(await skopeoDigest(location)).toBe(digest);
  const copied = await runProgram('skopeo', [
    'copy',
    '--all',
    `oci:${layout}:${names[0]}`,
    `dir:${folder.path}/web`,
  ]);
  expect(copied).toMatchObject({ exitCode: 0 });
  expect((await readdir(layout)).toSorted()).toEqual(['blobs', 'index.json', 'oci-layout']);

  const again = registry.requests().length;
  const second = await mirror(`${address}/os:1`, `oci:${layout}`);
  expect(second).toMatchObject({ bytesToCopy: 0, bytesPresent: bytesToCopy, set });
  expect(fetchedSince(again)).toEqual([]);
});

it('a second version adds what it changed; both stay, and tags promote either', async () => {
  await using folder = await temporaryFolder();
  const to = `oci:${join(folder.path, 'usb')}`;
  await pushImage(await makeApp('kept'), `${address}/kept:1`);
  const first = await pushImage(await makeApp('one'), `${address}/moving:1`);
  const os1 = await pushOs(address, '1', [`${address}/kept:1`, `${address}/moving:1`], 'two');
  const set1 = (await mirror(`${address}/two:1`, to)).set;
  const moved = await makeApp('two');
  await pushImage(moved, `${address}/moving:1`);
  const os2 = await pushOs(address, '2', [`${address}/kept:1`, `${address}/moving:1`], 'two');
  const dry = registry.requests().length;
  const planned = await mirror(`${address}/two:2`, to, '--dry-run');
  // The OS image has no stamp: its config and its layer are read.
  expect(fetchedSince(dry)).toHaveLength(2);
  const before = registry.requests().length;
  const { bytesToCopy } = await mirror(`${address}/two:2`, to);
  expect(bytesToCopy).toBe(planned.bytesToCopy);
  expect(fetchedSince(before)).toHaveLength(2 + 2);
  expect(fetchedSince(before)).toEqual(
    expect.arrayContaining([moved.config.digest, moved.layers[1]?.digest]),
  );
  expect(await skopeoDigest(`${to}:1`)).toBe(os1);
  expect(await skopeoDigest(`${to}:2`)).toBe(os2);

  // Promoted out of the folder itself; the first version still has the image that its tag meant then.
  const promoted = await mirror(`${to}:1`, to, '--tag', 'stable');
  expect(promoted).toMatchObject({
    bytesToCopy: 0,
    set: { digest: set1.digest, location: `${to}:stable.set` },
  });
  expect(promoted.images.find(({ reference }) => reference.endsWith('/moving:1'))?.digest).toBe(first);
  expect(await skopeoDigest(`${to}:stable`)).toBe(os1);
  await mirror(`${to}:2`, to, '--tag', 'stable');
  expect(await skopeoDigest(`${to}:stable`)).toBe(os2);

  await pushOs(address, '1', [], 'another');
  const refused = await runCli(['mirror', `${address}/another:1`, '--to', to]);
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('give another --tag') });
});

const uniqueBytes = 6_200_000;

/** Three apps and an OS image behind a slow link, of `uniqueBytes` together, and runs that are killed while they come. */
async function killedScene(name: string) {
  let atBytes = Infinity;
  let kill = (): void => {};
  const proxy = await startFaultProxy(registry.url, {
    bytesPerSecond: 4_000_000,
    onSent: (totalBytes) => {
      if (totalBytes >= atBytes) kill();
    },
  });
  onTestFinished(() => proxy.stop());
  const apps = ['a', 'b', 'c'].map((each) => `${name}-${each}:1`);
  for (const app of apps) await pushImage(await makeApp(app, undefined, 2_000_000), `${address}/${app}`);
  const bound = apps.map((app) => `${proxy.address}/${app}`);
  await pushOs(address, '1', bound, name);
  return {
    image: `${proxy.address}/${name}:1`,
    /** Of blobs, that have come over the link. */
    blobBytes: (): number =>
      proxy
        .requests()
        .filter(({ path }) => path.includes('/blobs/'))
        .reduce((sum, request) => sum + request.sentBytes, 0),
    /** Runs until so many more bytes have come. */
    async killAfter(bytes: number, argv: readonly string[]): Promise<void> {
      atBytes = bytes + proxy.requests().reduce((sum, each) => sum + each.sentBytes, 0);
      const running = startCli(argv);
      kill = () => running.kill('SIGKILL');
      expect((await running.result).exitCode).toBe(-1);
      kill = () => {};
    },
  };
}

it('killed at any moment, it goes on where it was', { timeout: 120_000 }, async () => {
  await using folder = await temporaryFolder();
  const kills = 5;
  const scene = await killedScene('killed');
  const layout = join(folder.path, 'usb');
  const argv = ['mirror', scene.image, '--to', `oci:${layout}`];
  for (let count = 0; count < kills; count += 1) {
    await scene.killAfter((Math.random() * uniqueBytes) / kills, argv);
    // Nothing is called by a name before it is whole.
    const index = await readFile(join(layout, 'index.json'), 'utf8').catch(() => '{"manifests":[]}');
    expect((JSON.parse(index) as { manifests: unknown[] }).manifests).toEqual([]);
  }
  expect(await runCli(argv)).toMatchObject({ exitCode: 0 });
  await wholeBlobs(layout);
  // A kill loses what is on its way to the disk.
  expect(scene.blobBytes()).toBeLessThan(uniqueBytes + kills * 512 * 1024);
  const before = scene.blobBytes();
  expect(await runCli(argv)).toMatchObject({ exitCode: 0 });
  expect(scene.blobBytes()).toBe(before);
});

it('killed while it fetches, and while it pushes, into a registry', { timeout: 120_000 }, async () => {
  await using inner = await startRegistry();
  const scene = await killedScene('pushed');
  let kill = (): void => {};
  let puts = 0;
  await using gate = await startFaultProxy(inner.url, {
    faultOf: ({ method, path }) => {
      if (method === 'PUT' && path.includes('/blobs/uploads/') && (puts += 1) === 3) kill();
      return undefined;
    },
  });
  const argv = ['mirror', scene.image, '--to', `docker://${gate.address}/p`];
  for (let count = 0; count < 2; count += 1) await scene.killAfter((Math.random() * uniqueBytes) / 2, argv);
  const running = startCli(argv);
  kill = () => running.kill('SIGKILL');
  expect((await running.result).exitCode).toBe(-1);
  kill = () => {};
  const repository = `${gate.address}/p/${scene.image.replace(':', '-').replace(/:1$/, '')}`;
  expect((await runProgram('skopeo', ['inspect', `docker://${repository}:1`])).exitCode).toBe(2);
  const before = scene.blobBytes();
  const { exitCode, stdout } = await runCli([...argv, '--json']);
  expect(exitCode).toBe(0);
  // All had been fetched by then.
  expect(scene.blobBytes()).toBe(before);
  expect(before).toBeLessThan(uniqueBytes + 2 * 512 * 1024);
  const { images } = JSON.parse(stdout) as MirrorDocument;
  expect(images).toHaveLength(4);
  for (const { location, digest } of images) expect(await skopeoDigest(location)).toBe(digest);
  expect(await readdir('/var/cache/bound-images/mirror')).toEqual([]);
});

it('some architectures: the index stays what it is, the images of others do not come', async () => {
  await using folder = await temporaryFolder();
  const layout = join(folder.path, 'usb');
  const images = [
    await makeApp('arch', 'amd64'),
    await makeApp('arch', 'arm64'),
    await makeApp('arch', 's390x'),
  ];
  const digest = await pushImage(images, `${address}/arch:1`);
  await pushOs(address, '1', [`${address}/arch:1`], 'some');
  await mirror(`${address}/some:1`, `oci:${layout}`, '--arch', 'amd64,s390x');
  const there = await wholeBlobs(layout);
  expect(images.map(({ manifest }) => there.includes(manifest.digest.replace('sha256:', '')))).toEqual([
    true,
    false,
    true,
  ]);
  expect(await skopeoDigest(`oci:${layout}:${address}/arch:1`)).toBe(digest);
  await using inner = await startRegistry();
  const sparse = ['mirror', `${address}/some:1`, '--to', `docker://${inner.address}`, '--arch', 'amd64'];
  const refused = await runCli(sparse);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain('leave --arch out');
  const other = await runCli(['mirror', `${address}/some:1`, '--to', `oci:${layout}`, '--arch', 'riscv64']);
  expect(other.exitCode).toBe(1);
  expect(other.stderr).toContain('there is no image for riscv64, only for amd64, arm64, s390x');
});

it('what refers to an image comes along, of a registry that lists it', async () => {
  await using folder = await temporaryFolder();
  const layout = join(folder.path, 'usb');
  const digest = await pushImage(await makeApp('referred'), `${address}/referred:1`);
  const bill = await makeApp('bill of materials');
  await pushImage(bill, `${address}/referred:bill`);
  const { mediaType, digest: billDigest, size } = bill.manifest;
  const type = 'application/vnd.oci.image.index.v1+json';
  const listed = JSON.stringify({
    schemaVersion: 2,
    mediaType: type,
    manifests: [{ mediaType, digest: billDigest, size, artifactType: 'application/spdx+json' }],
  });
  // docker-registry has no such list.
  await using proxy = await startFaultProxy(registry.url, {
    faultOf: ({ path }) =>
      path === `/v2/referred/referrers/${digest}`
        ? { kind: 'answer', status: 200, headers: { 'content-type': type }, body: listed }
        : undefined,
  });
  await pushOs(address, '1', [`${proxy.address}/referred:1`], 'referring');
  const { images } = await mirror(`${proxy.address}/referring:1`, `oci:${layout}`);
  const attached = images.filter(({ role }) => role === 'signature');
  expect(attached.map(({ reference }) => reference)).toEqual([
    `${proxy.address}/referred:${digest.replace(':', '-')}`,
  ]);
  expect(await skopeoDigest(attached[0]?.location ?? '')).toBe(attached[0]?.digest);
  const there = await wholeBlobs(layout);
  for (const blob of [bill.manifest, bill.config, ...bill.layers])
    expect(there).toContain(blob.digest.replace('sha256:', ''));
});

it('what cannot be is said before anything is fetched', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'file');
  const layout = `oci:${join(folder.path, 'usb')}`;
  await writeFile(file, '');
  await pushOs(address, '1', [`${address}/nowhere:1`, `${address}/nothing:2`], 'refused');
  const os = `${address}/refused:1`;
  const before = registry.requests().length;
  const refusals = [
    [[os, '--to', `oci:${file}`], 1, 'cannot be made or written'],
    [[os, '--to', 'oci-archive:/sys/set.tar'], 1, 'cannot be made or written'],
    [[os, '--to', layout, '--tag', 'no tag'], 2, '"no tag" is no tag'],
    [[`${address}/refused@sha256:${'0'.repeat(64)}`, '--to', layout], 2, 'give --tag'],
    [[layout, '--to', layout], 1, 'is not there'],
    [[os, '--to', layout, '--print-registries-conf'], 2, '--print-registries-conf is for --to docker://'],
  ] as const;
  for (const [argv, exitCode, says] of refusals)
    expect(await runCli(['mirror', ...argv])).toMatchObject({
      exitCode,
      stderr: expect.stringContaining(says),
    });
  expect(registry.requests()).toHaveLength(before);
  // Every image that is not there, at once; and the layout has no name yet.
  const { exitCode, stderr } = await runCli(['mirror', os, '--to', layout]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`${address}/nowhere:1: `);
  expect(stderr).toContain(`${address}/nothing:2: `);
  expect(await readFile(join(folder.path, 'usb', 'index.json'), 'utf8')).toContain('"manifests":[]');
});

it('a damaged blob is found, and fetched anew', async () => {
  await using folder = await temporaryFolder();
  const layout = join(folder.path, 'usb');
  const app = await makeApp('damaged');
  await pushImage(app, `${address}/damaged:1`);
  await pushOs(address, '1', [`${address}/damaged:1`], 'hurt');
  await mirror(`${address}/hurt:1`, `oci:${layout}`);
  const { digest, bytes } = app.layers[1] ?? app.config;
  const path = join(layout, 'blobs', ...digest.split(':'));
  await writeFile(path, Buffer.alloc(bytes.length, 1));
  await mirror(`${address}/hurt:1`, `oci:${layout}`);
  expect((await readFile(path)).equals(bytes)).toBe(true);
});

it('an archive: one file, which the next version is added to', async () => {
  await using folder = await temporaryFolder();
  const archive = join(folder.path, 'set.tar');
  await pushImage(await makeApp('archived'), `${address}/archived:1`);
  const digests = [
    await pushOs(address, '1', [`${address}/archived:1`], 'packed'),
    await pushOs(address, '2', [`${address}/archived:1`], 'packed'),
  ];
  await mirror(`${address}/packed:1`, `oci-archive:${archive}`);
  const first = await readFile(archive);
  await mirror(`${address}/packed:1`, `oci-archive:${archive}`);
  expect((await readFile(archive)).equals(first)).toBe(true);
  const before = registry.requests().length;
  await mirror(`${address}/packed:2`, `oci-archive:${archive}`);
  expect(fetchedSince(before)).toHaveLength(2);
  for (const [at, digest] of digests.entries())
    expect(await skopeoDigest(`oci-archive:${archive}:${at + 1}`)).toBe(digest);
  expect(await readdir('/var/cache/bound-images/mirror')).toEqual([]);
  expect(await readdir(folder.path)).toEqual(['set.tar']);
});

it("into a registry of the site, from a stick: digests, tags, one reference for the set, and the hosts' registries.conf", async () => {
  await using folder = await temporaryFolder();
  await using inner = await startRegistry();
  const stick = `oci:${join(folder.path, 'usb')}`;
  const to = `docker://${inner.address}/offline`;
  const web = await pushImage(
    [await makeApp('site', 'amd64'), await makeApp('site', 'arm64')],
    `${address}/site:1`,
  );
  await pushImage(await makeApp('more'), `${address}/more:1`);
  const names = [`${address}/site@${web}`, `${address}/more:1`];
  await pushOs(address, '1', names, 'inside');
  await mirror(`${address}/inside:1`, stick);
  const before = registry.requests().length;
  const { images, set } = await mirror(stick, to, '--tag', 'stable');
  expect(registry.requests()).toHaveLength(before);
  const repository = `${inner.address}/offline/${address.replace(':', '-')}`;
  expect(images.map(({ location }) => location)).toEqual([
    `docker://${repository}/inside:stable`,
    `docker://${repository}/site:bound-${web.slice(7, 19)}`,
    `docker://${repository}/more:1`,
  ]);
  for (const { location, digest } of [...images, set]) expect(await skopeoDigest(location)).toBe(digest);

  // Incremental: of the second version what it changed alone goes in, and comes from outside.
  await pushOs(address, '2', names, 'inside');
  const puts = (): number =>
    inner.requests().filter(({ method, path }) => method === 'PUT' && path.includes('/blobs/uploads/'))
      .length;
  const asked = registry.requests().length;
  const put = puts();
  const second = await mirror(`${address}/inside:2`, to);
  expect(fetchedSince(asked)).toHaveLength(2);
  expect(puts() - put).toBeLessThanOrEqual(2);
  for (const { location, digest } of second.images) expect(await skopeoDigest(location)).toBe(digest);

  const printed = await runCli([
    'mirror',
    `${address}/inside:2`,
    '--to',
    to,
    '--dry-run',
    '--print-registries-conf',
  ]);
  const conf = join(folder.path, 'registries.conf');
  await writeFile(conf, printed.stdout.replaceAll(/^(location = .*offline.*)$/gm, '$1\ninsecure = true'));
  await registry.stop();
  for (const name of names) {
    const copy = [
      '--registries-conf',
      conf,
      'copy',
      '--all',
      `docker://${name}`,
      `dir:${folder.path}/pulled`,
    ];
    expect(await runProgram('skopeo', copy)).toMatchObject({ exitCode: 0 });
  }
});
