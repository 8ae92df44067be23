import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { type Image, type LayerEntry, makeImage, makeLayer, writeLayout } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openRegistry } from './open-registry.ts';
import { runCli } from './run-cli.ts';
import { makeScene, type Scene } from './scene.ts';

// Look ahead: what an OS image in a registry binds, learnt and prefetched without pulling the OS image itself.

const registry = await openRegistry();
let scene: Scene;

beforeEach(async () => {
  await rm('/var/cache/bound-images', { recursive: true, force: true });
  scene = await makeScene();
  return () => scene[Symbol.asyncDispose]();
});

/** An OS image of two layers that binds the given images: quadlets in the upper one. */
async function makeOsImage(images: Readonly<Record<string, string>>): Promise<Image> {
  const quadlets = Object.entries(images).flatMap(([name, image]): [string, LayerEntry][] => [
    [`usr/share/containers/systemd/${name}.image`, `[Image]\nImage=${image}\n`],
    [
      `usr/lib/bootc/bound-images.d/${name}.image`,
      { link: `../../../share/containers/systemd/${name}.image` },
    ],
  ]);
  const base = await makeLayer({ 'usr/bin/program': 'program', 'usr/lib/os-release': 'ID=test\n' });
  const upper = await makeLayer(Object.fromEntries(quadlets));
  return makeImage([base, upper], { labels: { 'org.opencontainers.image.version': '42.1' } });
}

async function pushApp(name: string, content: string): Promise<string> {
  const image = `${registry.address}/${name}`;
  await pushImage(makeImage([await makeLayer({ [name.replace(':', '-')]: content })]), image);
  return image;
}

const layerRequests = (image: Image): number => {
  const digests = image.layers.map(({ digest }) => digest);
  return registry.requests().filter(({ path }) => digests.some((digest) => path.endsWith(digest))).length;
};

it('tells what an OS image binds, and reads each layer once, ever', async () => {
  const os = await makeOsImage({ app: 'registry.example.com/app:1', bad: 'registry.example.com/%h' });
  const reference = `${registry.address}/os:inspect`;
  await pushImage(os, reference);
  const before = layerRequests(os);
  const first = await runCli(['inspect', reference, '--json']);
  expect(layerRequests(os) - before).toBe(os.layers.length);
  const second = await runCli(['inspect', `docker://${reference}`, '--json']);
  expect(layerRequests(os) - before).toBe(os.layers.length);

  expect(first.exitCode).toBe(4);
  const told = JSON.parse(first.stdout) as Record<string, unknown>;
  expect(told).toMatchObject({
    schema: 1,
    digest: os.manifest.digest,
    labels: { version: '42.1', revision: null },
    definitions: [
      { image: 'registry.example.com/app:1', file: '/usr/share/containers/systemd/app.image', line: 2 },
    ],
    problems: [{ file: '/usr/share/containers/systemd/bad.image', line: 2, failsBootc: true }],
  });
  expect({ ...JSON.parse(second.stdout), image: '' }).toEqual({ ...told, image: '' });
});

it('asks for no layer of a stamped OS image', async () => {
  await using folder = await temporaryFolder();
  const layout = join(folder.path, 'layout');
  const os = await makeOsImage({ app: 'registry.example.com/app:1' });
  await writeLayout(layout, 'os', os);
  expect(await runCli(['stamp', `oci:${layout}:os`])).toMatchObject({ exitCode: 0 });
  const reference = `${registry.address}/os:stamped`;
  const { exitCode } = await runProgram('skopeo', [
    'copy',
    '--dest-tls-verify=false',
    `oci:${layout}:os`,
    `docker://${reference}`,
  ]);
  expect(exitCode).toBe(0);

  const before = registry.requests().length;
  const { stdout } = await runCli(['inspect', reference, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    learntFrom: 'stamp',
    definitions: [{ image: 'registry.example.com/app:1', line: 2 }],
  });
  expect(registry.requests().slice(before)).toHaveLength(2);
});

it.each(['oci', 'oci-archive'])('reads an OS image from %s', async (transport) => {
  await using folder = await temporaryFolder();
  const layout = join(folder.path, 'layout');
  await writeLayout(layout, 'os', await makeOsImage({ app: 'registry.example.com/app:1' }));
  let name = `oci:${layout}:os`;
  if (transport === 'oci-archive') {
    const archive = `oci-archive:${join(folder.path, 'os.tar')}:os`;
    expect((await runProgram('skopeo', ['copy', name, archive])).exitCode).toBe(0);
    name = archive;
  }
  const { exitCode, stdout } = await runCli(['inspect', name, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    definitions: [{ image: 'registry.example.com/app:1' }],
    problems: [],
  });
  expect(exitCode).toBe(0);
});

it('plans an OS image against what is bound now, and prefetches it', async () => {
  const [kept, old, next, added] = [
    await pushApp('kept:1', 'kept'),
    await pushApp('moved:1', 'old'),
    await pushApp('moved:2', 'next'),
    await pushApp('added:1', 'added'),
  ];
  await scene.bindImage('kept', kept);
  await scene.bindImage('moved', old);
  await scene.bindImage('gone', await pushApp('gone:1', 'gone'));
  expect((await scene.run('prefetch')).exitCode).toBe(0);

  const os = `${registry.address}/os:plan`;
  await pushImage(await makeOsImage({ kept, moved: next, added }), os);
  const planned = await scene.run('plan', [os, '--json']);
  expect(planned.exitCode).toBe(3);
  expect(JSON.parse(planned.stdout)).toMatchObject({
    source: os,
    dropped: [`${registry.address}/gone:1`],
    images: expect.arrayContaining([
      expect.objectContaining({ image: kept, change: 'kept', action: 'keep' }),
      expect.objectContaining({ image: next, change: 'changed', action: 'pull' }),
      expect.objectContaining({ image: added, change: 'new', action: 'pull' }),
    ]),
    floatingTags: expect.arrayContaining([
      expect.objectContaining({ image: kept, stored: true, error: null }),
    ]),
  });

  expect((await scene.run('prefetch', [os])).exitCode).toBe(0);
  const names = Object.values(await scene.storedNames()).flat();
  expect(names).toEqual(expect.arrayContaining([kept, old, next, added]));
  expect((await scene.run('plan', [os])).exitCode).toBe(0);
});

it('plans what the next upgrade stages, and says whether bootc has seen that', async () => {
  await using folder = await temporaryFolder();
  const os = `${registry.address}/os:candidate`;
  const plan = async (cachedUpdate: string | null): Promise<readonly string[]> => {
    const image = { image: os, transport: 'registry' };
    const booted = {
      image: { image, imageDigest: seen },
      cachedUpdate: { image: { image }, imageDigest: cachedUpdate },
    };
    const status = {
      apiVersion: 'org.containers.bootc/v1',
      kind: 'BootcHost',
      spec: { image },
      status: { booted },
    };
    // Stands in for bootc: it answers `bootc status` and nothing else.
    const bootc = `#!/bin/sh\n[ "$1" = status ] && echo '${JSON.stringify(status)}'\n`;
    await writeFile(join(folder.path, 'bootc'), bootc, { mode: 0o755 });
    const options = { env: { PATH: `${folder.path}:${process.env['PATH']}` } };
    const argv = ['plan', '--store', scene.store.path];
    const [text, json] = [await runCli(argv, options), await runCli([...argv, '--json'], options)];
    const { source, osImage } = JSON.parse(json.stdout) as { source: string; osImage: object };
    expect(source).toBe(`docker://${os}`);
    return [text.stdout, JSON.stringify(osImage)];
  };
  const app = await pushApp('candidate-app:1', 'app');
  const seen = await pushImage(await makeOsImage({ app }), os);
  const short = (digest: string): string => digest.slice('sha256:'.length, 'sha256:'.length + 12);

  const [text, json] = await plan(seen);
  expect(text).toContain(`OS image: ${short(seen)}, as bootc found it`);
  expect(JSON.parse(json ?? '')).toEqual({ digest: seen, cachedUpdate: seen, isCachedUpdate: true });

  const added = await pushApp('candidate-added:1', 'added');
  const moved = await pushImage(await makeOsImage({ app, added }), os);
  const [movedText, movedJson] = await plan(seen);
  expect(movedText).toContain(`OS image: ${short(moved)}, which is planned for`);
  expect(movedText).toContain(`bootc found ${short(seen)}`);
  expect(movedText).toContain(added);
  expect(JSON.parse(movedJson ?? '')).toEqual({ digest: moved, cachedUpdate: seen, isCachedUpdate: false });

  const [unknownText, unknownJson] = await plan(null);
  expect(unknownText).not.toContain('OS image:');
  expect(JSON.parse(unknownJson ?? '')).toEqual({ digest: moved, cachedUpdate: null, isCachedUpdate: null });
});

it('says when a floating tag means another image than the stored one', async () => {
  const app = await pushApp('floating:1', 'one');
  await scene.bindImage('app', app);
  await scene.run('prefetch');
  await pushApp('floating:1', 'two');
  const { stdout } = await scene.run('plan', ['--json']);
  expect(JSON.parse(stdout)).toMatchObject({ floatingTags: [{ image: app, stored: false }] });
});

it('names the remedy where there is no OS image', async () => {
  const { exitCode, stderr } = await runCli(['inspect', `${registry.address}/os:none`]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('check the name and the tag');
  expect((await runCli(['inspect', 'Not A Name'])).exitCode).toBe(2);
});
