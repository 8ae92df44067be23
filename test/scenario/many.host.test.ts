// The agent as its unit runs it, with a hundred images on the bus: what it takes, how it is confined, when it leaves and comes back.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeImage, makeLayer, seededBytes, writeLayout } from '../support/image.ts';
import { type Scene, openScene, registry } from './scene.ts';

const unit = 'bound-images.service';
const manager = ['org.boundimages1', '/org/boundimages1'] as const;
/** The bar; test/bench holds downloads of 10 GB to it too. */
const peakBytesMax = 150_000_000;
const names = Array.from({ length: 100 }, (_, index) => `app-${index}`);
const bound = Object.fromEntries(names.map((name) => [`${name}.image`, `${registry}/${name}:1`]));
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ name: 'many', bound });
  await pushAll();
  // Tried in vain before the registry had them: who asks is not told to wait.
  await scene.run(['bound-images', 'prefetch'], { limitMs: 500_000 });
}, 600_000);
afterAll(async () => scene[Symbol.asyncDispose]());

/** A program of the host for each would take a minute. */
async function pushAll(): Promise<void> {
  const folder = '/var/tmp/apps';
  const base = await makeLayer({ base: seededBytes('base', 1_000_000) });
  for (const name of names)
    await writeLayout(scene.path(folder), name, makeImage([base, await makeLayer({ [name]: name })]));
  const script = `for name; do skopeo copy --quiet "oci:${folder}:$name" "docker://${registry}/$name:1" || exit 1; done`;
  await scene.stdoutOf('sh', '-c', script, 'sh', ...names);
  await rm(scene.path(folder), { recursive: true });
}

async function property(name: string): Promise<string> {
  return scene.stdoutOf('systemctl', 'show', '--value', `--property=${name}`, unit);
}

test('all of them are on the bus, as objects of their own', async () => {
  const tree = await scene.stdoutOf('busctl', '--list', 'tree', 'org.boundimages1');
  const images = tree.split('\n').filter((path) => path.startsWith('/org/boundimages1/image/'));
  expect(images).toHaveLength(100);
  const shown = await scene.stdoutOf('busctl', 'introspect', 'org.boundimages1', images[0] ?? '');
  expect(shown).toMatch(/^\.State +property +s +"present" +emits-change$/m);
});

test('having fetched, listed and verified them it has taken no more memory than it may', async () => {
  const objects = await scene.stdoutOf(
    'busctl',
    'call',
    '--json=short',
    ...manager,
    'org.freedesktop.DBus.ObjectManager',
    'GetManagedObjects',
  );
  expect(objects.split('"org.boundimages1.Image"')).toHaveLength(101);
  expect(await scene.run(['bound-images', 'verify', '--deep'])).toMatchObject({ exitCode: 0 });
  await scene.pushApp('more:1');
  await scene.publish({ ...bound, 'more.image': `${registry}/more:1` });
  await scene.stdoutOf('bound-images', 'prefetch');
  const status = await scene.stdoutOf('cat', `/proc/${await property('MainPID')}/status`);
  const peakBytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  expect(peakBytes).toBeLessThan(peakBytesMax);
});

test('it is confined: systemd has less than 5.0 to say against it', async () => {
  const { exitCode, stdout } = await scene.run([
    'systemd-analyze',
    '--no-pager',
    'security',
    '--threshold=49',
    unit,
  ]);
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: expect.stringContaining('Overall exposure level'),
  });
});

test('it leaves a minute after the last call, appoints no turn, and comes back for the next', async () => {
  await using unitLog = scene.follow('journalctl', '--follow', '--lines=0', '--output=cat', `UNIT=${unit}`);
  await scene.stdoutOf('busctl', 'call', ...manager, 'org.freedesktop.DBus.Peer', 'Ping');
  const askedMs = Date.now();
  await unitLog.until((line) => line === `${unit}: Deactivated successfully.`, 180_000);
  expect(Date.now() - askedMs).toBeGreaterThan(59_000);
  expect((await scene.run(['systemctl', 'is-active', 'bound-images-again.timer'])).stdout).toBe('inactive\n');
  expect(
    await scene.stdoutOf('busctl', 'get-property', ...manager, 'org.boundimages1.Manager', 'State'),
  ).toBe('s "ready"');
  expect(await property('ActiveState')).toBe('active');
});
