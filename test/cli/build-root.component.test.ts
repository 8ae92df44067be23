import { lstat, mkdir, readFile, readlink, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { makeImage, makeLayer } from '../support/image.ts';
import { bound, makeRoot } from '../support/make-root.ts';
import { pushImage } from '../support/push.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openRegistry } from './open-registry.ts';
import { runCli } from './run-cli.ts';

// Install time: images in the store of a root that is being built, so that they are there at its first boot.

const registry = await openRegistry();

async function pushApp(name: string): Promise<{ tag: string; pinned: string }> {
  const repository = `${registry.address}/${name}`;
  const digest = await pushImage(makeImage([await makeLayer({ [name]: name })]), `${repository}:1`);
  return { tag: `${repository}:1`, pinned: `${repository}@${digest}` };
}

/** Names that podman finds in an additional image store, which a host has read-only. */
async function podmanNames(storePath: string): Promise<string[]> {
  await using folder = await temporaryFolder();
  const own = [`--root=${join(folder.path, 'own')}`, `--runroot=${join(folder.path, 'run')}`];
  const store = ['--storage-driver=overlay', `--storage-opt=additionalimagestore=${storePath}`];
  const { stdout, stderr } = await runProgram('podman', [...own, ...store, 'images', '--format=json']);
  expect(stderr).toBe('');
  const images = JSON.parse(stdout.toString('utf8')) as { Names?: string[]; ReadOnly?: boolean }[];
  expect(images.map(({ ReadOnly }) => ReadOnly)).toEqual(images.map(() => true));
  return images.flatMap(({ Names }) => Names ?? []).sort();
}

it.for([
  ['a root that has the link', { link: '/sysroot/ostree/bootc/storage' }],
  ['a root without it', undefined],
] as const)('images come into the root itself: %s', async ([, link]) => {
  const [one, two] = [await pushApp('one'), await pushApp('two')];
  const rootPath = await makeRoot({
    ...bound('one.image', `[Image]\nImage=${one.tag}\n`),
    ...bound('two.image', `[Image]\nImage=${two.pinned}\n`),
    ...(link === undefined ? {} : { '/usr/lib/bootc/storage': link }),
  });
  const status = await runCli(['status', '--root', rootPath]);
  expect(status.exitCode).toBe(3);
  await expect(stat(join(rootPath, 'sysroot'))).rejects.toMatchObject({ code: 'ENOENT' });

  const { exitCode, stderr } = await runCli(['prefetch', '--root', rootPath]);
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  const storePath = join(rootPath, 'sysroot/ostree/bootc/storage');
  expect(await podmanNames(storePath)).toEqual([one.tag, two.pinned].sort());
  // bootc compares raw strings, each name on one image: what its record says is what its prune keeps.
  const records = JSON.parse(await readFile(join(storePath, 'overlay-images/images.json'), 'utf8')) as {
    names: string[];
  }[];
  expect(records.map(({ names }) => names.join(' ')).sort()).toEqual([one.tag, two.pinned].sort());
  expect(await readlink(join(rootPath, 'usr/lib/bootc/storage'))).toBe('/sysroot/ostree/bootc/storage');
  // Others of the host that it will be have to reach what is below.
  for (const folder of ['sysroot', 'sysroot/ostree', 'sysroot/ostree/bootc'])
    expect((await stat(join(rootPath, folder))).mode & 0o777).toBe(0o755);

  expect((await runCli(['status', '--root', rootPath])).exitCode).toBe(0);
  expect((await runCli(['prefetch', '--root', rootPath])).stdout).toContain('0 pulled, 2 already present');
  await expect(lstat('/sysroot/ostree/bootc')).rejects.toMatchObject({ code: 'ENOENT' });
});

it("an installer's target gets them into the store that its deployments share", async () => {
  const { tag } = await pushApp('installed');
  await using target = await temporaryFolder();
  const deployment = join(target.path, 'ostree/deploy/default/deploy/0123.0');
  await mkdir(join(deployment, 'usr/lib/bootc/bound-images.d'), { recursive: true });
  const made = await makeRoot(bound('app.image', `[Image]\nImage=${tag}\n`));
  await runProgram('cp', ['-a', `${made}/.`, deployment]);
  await symlink('/sysroot/ostree/bootc/storage', join(deployment, 'usr/lib/bootc/storage'));
  expect(await runCli(['prefetch', '--root', deployment])).toMatchObject({ exitCode: 0 });
  expect(await podmanNames(join(target.path, 'ostree/bootc/storage'))).toEqual([tag]);
});
