import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { type Image, type LayerEntry, makeImage, makeLayer, writeLayout } from '../support/image.ts';
import { bound, makeRoot } from '../support/make-root.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { makeStore } from '../support/store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openRegistry } from './open-registry.ts';
import { runCli } from './run-cli.ts';

// What lint asks of registries, and of an OS image's own stamp.

const registry = await openRegistry();

beforeEach(async () => {
  await rm('/var/cache/bound-images', { recursive: true, force: true });
});

interface Found {
  readonly code: string;
  readonly file: string;
  readonly line: number | null;
  readonly text: string;
}

async function findings(...argv: readonly string[]): Promise<{ exitCode: number; found: readonly Found[] }> {
  const { exitCode, stdout, stderr } = await runCli(['lint', '--json', ...argv]);
  expect(stderr).toBe('');
  const { findings } = JSON.parse(stdout) as { findings: readonly Found[] };
  return { exitCode, found: findings };
}

const codes = (found: readonly Found[]): string[] => found.map(({ code }) => code);

async function app(name: string, architecture?: string): Promise<Image> {
  const layer = await makeLayer({ [name]: name });
  return makeImage([layer], architecture === undefined ? {} : { architecture });
}

it('says which bound images are not there, or not for an architecture', async () => {
  const { address } = registry;
  const two = [await app('two', 'amd64'), await app('two', 'arm64')];
  await pushImage(two, `${address}/two:1`);
  await pushImage(two, `${address}/fixed:1`);
  const digest = await pushImage(await app('one', 'amd64'), `${address}/one:1`);
  const rootPath = await makeRoot({
    ...bound('two.image', `[Image]\nImage=${address}/two:1\n`),
    ...bound('one.image', `[Image]\nImage=${address}/one@${digest}\n`),
    ...bound('tag.image', `[Image]\n# a comment\nImage=${address}/one:2\n`),
    ...bound('digest.image', `[Image]\nImage=${address}/one@sha256:${'1'.repeat(64)}\n`),
    ...bound('fixed.image', `[Image]\nImage=${address}/fixed:1\nArch=arm64\n`),
    ...bound('down.image', '[Image]\nImage=127.0.0.1:1/down:1\nRetry=0\n'),
  });
  const online = async (...argv: readonly string[]): Promise<string[]> => {
    const { exitCode, found } = await findings(rootPath, '--online', ...argv);
    expect(exitCode).toBe(4);
    return found
      .filter(({ code }) => /^(?:image-not-found|no-architecture|image-unknown)$/.test(code))
      .map(({ code, file, line }) => `${code} ${file.replace(/^.*\//, '')}:${line}`);
  };
  const gone = ['image-not-found digest.image:2', 'image-unknown down.image:2'];
  expect(await online('--arch=amd64')).toEqual([...gone, 'image-not-found tag.image:3']);
  expect(await online('--arch=amd64,arm64')).toEqual([
    ...gone,
    'no-architecture one.image:2',
    'image-not-found tag.image:3',
  ]);
  expect(await online('--arch', 's390x')).toEqual([
    ...gone,
    'no-architecture one.image:2',
    'image-not-found tag.image:3',
    'no-architecture two.image:2',
  ]);
  const named = await findings(rootPath, '--online', '--arch=amd64');
  // The first image of two:1 stands in fixed:1 too, but for another architecture.
  expect(codes(named.found)).not.toContain('two-names');
  const { found } = await findings(rootPath, '--online', '--arch=s390x');
  expect(found.find(({ file }) => file.endsWith('two.image'))?.text).toContain(
    'only for linux/amd64, linux/arm64',
  );
});

it('finds two names of one image', async () => {
  const { address } = registry;
  const digest = await pushImage(await app('named'), `${address}/named:1`);
  const rootPath = await makeRoot({
    ...bound('a.image', `[Image]\nImage=${address}/named@${digest}\n`),
    ...bound('b.image', `[Image]\nImage=${address}/named:1\n`),
  });
  const { exitCode, found } = await findings(rootPath, '--online');
  expect(exitCode).toBe(0);
  expect(found.map(({ code, file }) => `${code} ${file.replace(/^.*\//, '')}`)).toEqual([
    'floating-tag b.image',
    'two-names b.image',
  ]);
});

it('finds a stamp that says something else than the files', async () => {
  await using folder = await temporaryFolder();
  const layout = join(folder.path, 'layout');
  const quadlet = (image: string): Record<string, LayerEntry> => ({
    'usr/share/containers/systemd/app.image': `[Image]\nImage=${image}\n`,
    'usr/lib/bootc/bound-images.d/app.image': { link: '../../../share/containers/systemd/app.image' },
  });
  const pinned = (name: string): string => `registry.example.com/${name}@sha256:${'1'.repeat(64)}`;
  await writeLayout(layout, 'os', makeImage([await makeLayer(quadlet(pinned('app')))]));
  const unstamped = await findings(`oci:${layout}:os`);
  expect(unstamped).toEqual({ exitCode: 0, found: [] });

  expect((await runCli(['stamp', `oci:${layout}:os`])).exitCode).toBe(0);
  expect(await findings(`oci:${layout}:os`)).toEqual({ exitCode: 0, found: [] });

  // A layer more, as a build FROM the stamped image makes it: the label is inherited.
  const printed = await runCli(['stamp', '--print', `oci:${layout}:os`]);
  const [label = '', ...value] = printed.stdout.trimEnd().split('=');
  const labels = { [label]: value.join('=') };
  const layers = [await makeLayer(quadlet(pinned('app'))), await makeLayer(quadlet(pinned('other')))];
  await writeLayout(layout, 'derived', makeImage(layers, { labels }));
  const derived = await findings(`oci:${layout}:derived`);
  expect(derived.exitCode).toBe(4);
  expect(codes(derived.found)).toEqual(['stamp-differs']);
  expect(derived.found[0]?.text).toContain('binds no registry.example.com/app@');

  await writeLayout(layout, 'odd', makeImage(layers, { labels: { [label]: '{}' } }));
  expect(codes((await findings(`oci:${layout}:odd`)).found)).toEqual(['stamp-unreadable']);
});

it('reads units of an image in a registry, and takes either store unless told', async () => {
  const image = `${registry.address}/os:units`;
  const unit = `[Container]\nImage=registry.example.com/app@sha256:${'1'.repeat(64)}\n`;
  const args = 'GlobalArgs=--storage-opt=additionalimagestore=/usr/lib/bound-images/storage\n';
  const layer = await makeLayer({
    'usr/share/containers/systemd/app.container': unit + args,
    'usr/share/containers/systemd/bare.container': unit,
    'usr/lib/bootc/bound-images.d/app.container': { link: '/usr/share/containers/systemd/app.container' },
  });
  await pushImage(makeImage([layer]), image);
  expect(codes((await findings(image)).found)).toEqual(['no-store']);
  expect(codes((await findings(image, '--store-mode=own')).found)).toEqual(['no-store']);
  expect(codes((await findings(image, '--store-mode=bootc')).found)).toEqual(['wrong-store', 'no-store']);
});

// What image-unit-pulls and pull-always rest on.
it('podman itself pulls for an image unit, however present the image is', async () => {
  await using store = await makeStore();
  await using other = await startRegistry();
  const image = `${other.address}/app:1`;
  await pushImage(await app('app'), image);
  const rootPath = await makeRoot(bound('app.image', `[Image]\nImage=${image}\n`));
  expect((await runCli(['prefetch', '--root', rootPath, '--store', store.path])).exitCode).toBe(0);
  expect((await store.podman('image', 'exists', image)).exitCode).toBe(0);
  await other.stop();
  expect((await store.podman('image', 'pull', image)).exitCode).not.toBe(0);
  expect((await store.podman('create', '--pull=always', image, '/app')).exitCode).not.toBe(0);
  expect((await store.podman('create', image, '/app')).stderr).toBe('');
});
