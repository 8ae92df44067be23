import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { type Image, type LayerEntry, makeImage, makeLayer, writeLayout } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openRegistry } from './open-registry.ts';
import { runCli } from './run-cli.ts';
import { makeScene } from './scene.ts';

// The real skopeo, buildah and docker-registry judge what `stamp` writes.

const label = 'org.boundimages.bound-set';
const app = 'registry.example.com/app:1';
const registry = await openRegistry();

beforeEach(async () => {
  await rm('/var/cache/bound-images', { recursive: true, force: true });
});

interface Document {
  readonly mediaType: string;
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
  readonly manifests?: readonly { readonly digest: string; readonly annotations?: Record<string, string> }[];
}

async function run(program: string, ...argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram(program, argv);
  expect({ program, argv, exitCode, stderr: exitCode === 0 ? '' : stderr }).toMatchObject({ exitCode: 0 });
  return stdout.toString('utf8');
}

/** The program's output, where it does what it is told. */
async function stamp(...argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCli(['stamp', ...argv]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

const rawManifest = async (image: string): Promise<Document> =>
  JSON.parse(await run('skopeo', 'inspect', '--raw', image)) as Document;

async function labelsOf(image: string): Promise<Record<string, string>> {
  const { Labels } = JSON.parse(await run('skopeo', 'inspect', image)) as { Labels: Record<string, string> };
  return Labels;
}

/** An OS image that binds `image`; its lower layer is another one for each architecture. */
async function makeOsImage(image = app, architecture = 'amd64'): Promise<Image> {
  const base = await makeLayer({ 'usr/bin/program': `program for ${architecture}` });
  const quadlets: Record<string, LayerEntry> = {
    'usr/share/containers/systemd/app.image': `[Image]\nImage=${image}\n`,
    'usr/lib/bootc/bound-images.d/app.image': { link: '/usr/share/containers/systemd/app.image' },
  };
  return makeImage([base, await makeLayer(quadlets)], { architecture, labels: { version: '42.1' } });
}

it('stamps an image in a registry: its layers are not sent again, and nobody reads them any more', async () => {
  const image = await makeOsImage();
  const reference = `${registry.address}/os:1`;
  await pushImage(image, reference);
  const layers = image.layers.map(({ digest }) => digest);
  const before = registry.requests().length;

  expect(await stamp(reference)).toMatch(/os:1: stamped, 1 bound images, sha256:/);
  const requests = registry.requests().slice(before);
  const ofLayers = requests.filter(({ path }) => layers.some((digest) => path.includes(digest)));
  // Each was read once for what it binds; skopeo only asked whether it is there.
  expect(ofLayers.filter(({ method }) => method === 'GET')).toHaveLength(layers.length);
  expect(new Set(ofLayers.map(({ method }) => method))).toEqual(new Set(['GET', 'HEAD']));
  expect(requests.filter(({ method }) => method === 'POST')).toHaveLength(1);

  const stamped = await rawManifest(`docker://${reference}`);
  expect(stamped.layers?.map(({ digest }) => digest)).toEqual(layers);
  const labels = await labelsOf(`docker://${reference}`);
  expect(labels['version']).toBe('42.1');
  expect(JSON.parse(labels[label] ?? '')).toMatchObject({ schema: 1, definitions: [{ image: app }] });

  const beforeInspect = registry.requests().length;
  const { stdout } = await runCli(['inspect', reference, '--json']);
  expect(stdout).toContain(app);
  expect(
    registry
      .requests()
      .slice(beforeInspect)
      .some(({ path }) => layers.some((digest) => path.includes(digest))),
  ).toBe(false);
});

it('stamps once: the second time nothing is written', async () => {
  const reference = `${registry.address}/twice:1`;
  await pushImage(await makeOsImage(), reference);
  await stamp(reference);
  const once = await rawManifest(`docker://${reference}`);
  const before = registry.requests().length;
  expect(await stamp(reference)).toContain('has this stamp already');
  expect(await rawManifest(`docker://${reference}`)).toEqual(once);
  expect(
    registry
      .requests()
      .slice(before)
      .map(({ method }) => method),
  ).not.toContain('PUT');
});

it('reads the layers and not an old stamp', async () => {
  const image = await makeOsImage('registry.example.com/new:2');
  const old = { [label]: '{"schema":1,"definitions":[],"problems":[]}' };
  const reference = `${registry.address}/old:1`;
  await pushImage(makeImage(image.layers, { labels: old }), reference);
  await stamp(reference);
  expect((await labelsOf(`docker://${reference}`))[label]).toContain('registry.example.com/new:2');
});

it('needs the login of --authfile, and says so without it', async () => {
  await using folder = await temporaryFolder();
  const login = { user: 'writer', password: 'geheim' };
  await using closed = await startRegistry({ login });
  const reference = `${closed.address}/os:1`;
  await pushImage(await makeOsImage(), reference, { login });
  const refused = await runCli(['stamp', reference]);
  expect(refused.exitCode).toBe(1);
  const authfile = join(folder.path, 'auth.json');
  const auth = Buffer.from(`${login.user}:${login.password}`).toString('base64');
  await writeFile(authfile, JSON.stringify({ auths: { [closed.address]: { auth } } }));
  await stamp(reference, '--authfile', authfile);
  const inspected = await run('skopeo', 'inspect', `--authfile=${authfile}`, `docker://${reference}`);
  expect(inspected).toContain(label);
});

it("stamps an image in Docker's format, made by buildah", async () => {
  await using folder = await temporaryFolder();
  const storage = ['--root', join(folder.path, 'root'), '--runroot', join(folder.path, 'run')];
  const buildah = (...argv: readonly string[]): Promise<string> => run('buildah', ...storage, ...argv);
  const context = join(folder.path, 'context');
  await mkdir(context);
  await writeFile(join(context, 'app.image'), `[Image]\nImage=${app}\n`);
  const container = (await buildah('from', 'scratch')).trim();
  await buildah('copy', container, join(context, 'app.image'), '/usr/lib/bootc/bound-images.d/units/');
  await buildah('copy', container, join(context, 'app.image'), '/usr/share/containers/systemd/');
  const reference = `${registry.address}/docker:1`;
  await buildah('commit', '--format=docker', container, reference);
  await buildah('push', '--tls-verify=false', reference, `docker://${reference}`);

  const before = await rawManifest(`docker://${reference}`);
  expect(before.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
  // The folder in bound-images.d is no link, which is a problem of the definitions: it is stamped too.
  const { exitCode, stderr } = await runCli(['stamp', reference]);
  expect(`${exitCode} ${stderr}`).toMatch(/^4 /);
  expect(stderr).toContain('bound-images.d/units');
  const after = await rawManifest(`docker://${reference}`);
  expect(after).toMatchObject({ mediaType: before.mediaType, layers: before.layers });
  expect((await labelsOf(`docker://${reference}`))[label]).toContain('"problems":[{');
  await buildah('pull', '--tls-verify=false', `docker://${reference}`);
});

it('stamps each image of an index, in a layout and in a registry, and skopeo takes it', async () => {
  await using folder = await temporaryFolder();
  const layout = join(folder.path, 'layout');
  const images = [await makeOsImage(app, 'amd64'), await makeOsImage('registry.example.com/arm:1', 'arm64')];
  await writeLayout(layout, 'os', images);
  await writeLayout(layout, 'other', await makeOsImage('registry.example.com/other:1'));
  const indexBefore = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as Document;

  await stamp(`oci:${layout}:os`);
  const indexAfter = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as Document;
  expect(indexAfter.manifests?.map(({ annotations }) => annotations)).toEqual(
    indexBefore.manifests?.map(({ annotations }) => annotations),
  );
  expect(indexAfter.manifests?.[1]).toEqual(indexBefore.manifests?.[1]);
  expect(indexAfter.manifests?.[0]?.digest).not.toBe(indexBefore.manifests?.[0]?.digest);
  expect(await stamp(`oci:${layout}:os`)).toContain('has this stamp already');
  await run('skopeo', 'copy', '--all', '--preserve-digests', `oci:${layout}:os`, `dir:${folder.path}/copy`);

  const reference = `${registry.address}/index:1`;
  await pushImage(images, reference);
  await stamp(reference);
  // Both ways the same comes of it.
  expect((await rawManifest(`docker://${reference}`)).manifests?.map(({ digest }) => digest)).toEqual(
    (await rawManifest(`oci:${layout}:os`)).manifests?.map(({ digest }) => digest),
  );
  const arm = await run('skopeo', '--override-arch=arm64', 'inspect', `docker://${reference}`);
  expect((JSON.parse(arm) as { Labels: Record<string, string> }).Labels[label]).toContain('arm:1');
});

it('prints a label that buildah takes, of an image and of a root alike', async () => {
  await using scene = await makeScene();
  await using folder = await temporaryFolder();
  await scene.bindImage('app', app);
  const layout = join(folder.path, 'layout');
  await writeLayout(layout, 'os', await makeOsImage());
  const printed = await stamp('--print', '--root', scene.rootPath);
  expect(printed).toMatch(new RegExp(`^${label}=\\{.*\\}\n$`));
  expect(await stamp('--print', `oci:${layout}`)).toBe(printed);

  const storage = ['--root', join(folder.path, 'root'), '--runroot', join(folder.path, 'run')];
  const container = (await run('buildah', ...storage, 'from', 'scratch')).trim();
  await run('buildah', ...storage, 'config', '--label', printed.trimEnd(), container);
  await run('buildah', ...storage, 'commit', container, `oci:${folder.path}/built:1`);
  const labels = await labelsOf(`oci:${folder.path}/built:1`);
  expect(`${label}=${labels[label]}\n`).toBe(printed);
});

it('merges into a --contentmeta file and leaves the rest of it as it is', async () => {
  await using scene = await makeScene();
  await using folder = await temporaryFolder();
  await scene.bindImage('app', app);
  const path = join(folder.path, 'meta.json');
  const rest = '"layers": {"10": "z", "2": "a"},\n  "mapping": {"ffff": "10", "0000": "2"}\n}\n';
  await writeFile(path, `{\n  "version": 1,\n  "labels": {"b": "1", "a": "2"},\n  ${rest}`);
  await stamp('--root', scene.rootPath, '--contentmeta', path);
  const text = await readFile(path, 'utf8');
  expect(text).toMatch(
    /^\{\n {2}"version": 1,\n {2}"labels": \{"b": "1", "a": "2", "org\.boundimages\.bound-set":"/,
  );
  expect(text.endsWith(`,\n  ${rest}`)).toBe(true);
  const { labels } = JSON.parse(text) as { labels: Record<string, string> };
  expect(labels[label]).not.toContain('\n');
  const once = text;
  await stamp('--root', scene.rootPath, '--contentmeta', path);
  expect(await readFile(path, 'utf8')).toBe(once);
  await writeFile(path, '{"version": 2}');
  expect(await runCli(['stamp', '--root', scene.rootPath, '--contentmeta', path])).toMatchObject({
    exitCode: 1,
  });
  expect(await readFile(path, 'utf8')).toBe('{"version": 2}');
});

it.for([
  ['nothing', []],
  ['an image and a root', ['oci:x', '--root', '/']],
  ['a root to be written to', ['--root', '/']],
  ['an archive', ['oci-archive:/x']],
  ['a digest', [`quay.io/ex/os@sha256:${'a'.repeat(64)}`]],
] as const)('refuses %s', async ([, argv]) => {
  expect(await runCli(['stamp', ...argv])).toMatchObject({ exitCode: 2 });
});
