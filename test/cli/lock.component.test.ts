import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeImage, makeLayer } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { openRegistry } from './open-registry.ts';
import { runCli } from './run-cli.ts';
import { makeScene } from './scene.ts';

// Tags locked with the real registry, and what skopeo and podman then make of the names.

const registry = await openRegistry();

async function push(name: string, content: string): Promise<string> {
  const images = ['amd64', 'arm64'].map(async (architecture) =>
    makeImage([await makeLayer({ content })], { architecture }),
  );
  return pushImage(await Promise.all(images), `${registry.address}/${name}`);
}

it.for([
  ['in a comment', [], (repository: string, digest: string) => `${repository}@${digest}`],
  ['with the digest', ['--keep-tag'], (repository: string, digest: string) => `${repository}:1@${digest}`],
] as const)(
  'locks, follows its tag when told, and the store keeps the name: %s',
  async ([form, argv, nameOf]) => {
    const name = `app-${argv.length}`;
    const repository = `${registry.address}/${name}`;
    const first = await push(`${name}:1`, `${form} 1`);
    await using scene = await makeScene();
    await scene.bindImage('app', `${repository}:1`);
    const lock = (...more: readonly string[]): ReturnType<typeof runCli> =>
      runCli(['lock', scene.rootPath, ...argv, ...more]);
    const quadlet = (): Promise<string> =>
      readFile(join(scene.rootPath, 'usr/share/containers/systemd/app.image'), 'utf8');

    const dry = await lock('--dry-run');
    expect(dry).toMatchObject({ exitCode: 0, stderr: '' });
    expect(dry.stdout).toContain(first.slice(7, 19));
    expect(await quadlet()).toBe(`[Image]\nImage=${repository}:1\n`);
    expect((await lock('--check')).exitCode).toBe(3);

    expect(await lock()).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await quadlet()).toContain(`\nImage=${nameOf(repository, first)}\n`);
    expect((await lock('--check', '--update')).exitCode).toBe(0);

    const second = await push(`${name}:1`, `${form} 2`);
    expect((await lock('--check')).exitCode).toBe(0);
    expect((await lock('--check', '--update')).exitCode).toBe(3);
    expect((await lock()).stdout).toContain('0 of 1 lines changed.');
    expect((await lock('--update')).stdout).toContain('1 of 1 lines changed.');
    expect(await quadlet()).toContain(`\nImage=${nameOf(repository, second)}\n`);

    expect((await scene.run('prefetch')).exitCode).toBe(0);
    expect(Object.values(await scene.storedNames())).toEqual([[nameOf(repository, second)]]);
    expect((await scene.store.podman('image', 'exists', nameOf(repository, second))).exitCode).toBe(0);
  },
);

it('writes nothing where one tag is not there', async () => {
  await push('there:1', 'there');
  await using scene = await makeScene();
  await scene.bindImage('a', `${registry.address}/there:1`);
  await scene.bindImage('b', `${registry.address}/there:gone`);
  const { exitCode, stderr } = await runCli(['lock', scene.rootPath]);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringContaining('there:gone') as string,
  });
  const text = await readFile(join(scene.rootPath, 'usr/share/containers/systemd/a.image'), 'utf8');
  expect(text).toBe(`[Image]\nImage=${registry.address}/there:1\n`);
});
