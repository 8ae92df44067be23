import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Deployment } from '../../src/model/deployment.ts';
import { type BootcHost, bootBootcHost, osReference } from '../standin/host.ts';
import { makeOsImage } from '../standin/os-image.ts';
import { makeImage, makeLayer } from '../support/image.ts';

const project = join(import.meta.dirname, '..', '..');
const appReference = '127.0.0.1:5000/app:1';
const osImage = `docker://${osReference}`;

let host: BootcHost;
beforeAll(async () => {
  const first = await makeOsImage({ version: '1', bound: {} });
  host = await bootBootcHost({
    name: 'composefs',
    backend: 'composefs',
    osImage: first,
    binds: { [project]: project },
  });
  await host.push(makeImage([await makeLayer({ app: '1' })]), appReference);
});
afterAll(async () => host[Symbol.asyncDispose]());

async function slots(question: string): Promise<Record<string, Deployment>> {
  // In a mount namespace of its own, as the agent is in: images are mounted to be read.
  const argv = ['unshare', '--mount', 'node', join(project, 'test/deployments/ask.ts'), question];
  const found = JSON.parse(await host.stdoutOf(...argv)) as Deployment[];
  return Object.fromEntries(found.map((each) => [each.slot, each]));
}

test('the booted deployment is /, the staged one is mounted, and both are told by the disk too', async () => {
  const { booted } = await slots('list-by-disk');
  expect(booted).toMatchObject({ rootPath: '/', osImage, id: expect.stringMatching(/^[0-9a-f]{128}$/) });
  const next = await host.push(await makeOsImage({ version: '2', bound: {} }), osReference);
  await host.stdoutOf('bootc', 'upgrade', '--download-only', '--quiet');
  for (const question of ['list-by-disk', 'list-by-status']) {
    expect(await slots(question)).toMatchObject({
      booted: { id: booted?.id },
      staged: { locked: true, osImage },
    });
  }
  expect((await slots('list-by-status'))['staged']?.digest).toBe(next);
});

test('the tree of one that is not booted can be read, and the mount is used again', async () => {
  const script =
    'for again in 1 2; do node "$0" list-by-disk >/dev/null; done; cat /run/bound-images-roots/*/usr/lib/os-release; grep -c /run/bound-images-roots /proc/self/mounts';
  const program = join(project, 'test/deployments/ask.ts');
  const shown = await host.stdoutOf('unshare', '--mount', 'sh', '-c', script, program);
  expect(shown).toContain('VERSION_ID=2');
  // The image, and the overlay that follows its redirects.
  expect(shown.split('\n').at(-1)).toBe('2');
});

test('an unlocked one is booted, and the one before is its rollback', async () => {
  await host.stdoutOf('bootc', 'upgrade', '--from-downloaded');
  await host.reboot();
  expect(await host.stdoutOf('cat', '/usr/lib/os-release')).toContain('VERSION_ID=2');
  expect(Object.keys(await slots('list-by-status')).sort()).toEqual(['booted', 'rollback']);
});

test('each staging takes all bound images out of its store', async () => {
  const store = 'containers-storage:[overlay@/usr/lib/bootc/storage+/run/tests]example.com/app:1';
  const script = 'mount -o remount,bind,rw /sysroot && exec skopeo copy --quiet "$@"';
  await host.stdoutOf('unshare', '--mount', 'sh', '-c', script, 'sh', `docker://${appReference}`, store);
  const stored = async (): Promise<string> =>
    host.stdoutOf('podman', '--storage-opt=additionalimagestore=/usr/lib/bootc/storage', 'images', '--quiet');
  expect(await stored()).not.toBe('');
  await host.push(
    await makeOsImage({ version: '3', bound: { 'app.image': 'example.com/app:1' } }),
    osReference,
  );
  await host.stdoutOf('bootc', 'upgrade', '--quiet');
  expect(await stored()).toBe('');
});
