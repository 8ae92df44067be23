// From one OS image to the next and back: timer, gate, reboot, boot assessment, rollback.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { registry, type Scene, openScene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ name: 'upgrade', bound: { 'web.container': web('1') }, apps: ['web:1'] });
});
afterAll(async () => scene[Symbol.asyncDispose]());

function web(version: string): string {
  return [
    '[Container]',
    `Image=${registry}/web:${version}`,
    'ContainerName=web',
    'Pull=never',
    'GlobalArgs=--storage-opt=additionalimagestore=/usr/lib/bootc/storage',
    '',
  ].join('\n');
}

/** What the container of the booted OS says it is. */
async function runningApp(): Promise<string> {
  // Quadlets of a real OS are there before any generator runs; here they are bound in by a unit.
  await scene.stdoutOf('systemctl', 'daemon-reload');
  await scene.stdoutOf('systemctl', 'start', 'web.service');
  return scene.stdoutOf('podman', 'exec', 'web', 'cat', '/etc/app');
}

test('once installed, the host completes what it is booted from by itself', async () => {
  await scene.untilEntry('state-ready');
  expect(await scene.status()).toMatchObject({ state: 'ready', nextBoot: { verdict: 'ready' } });
  expect(await runningApp()).toBe('web:1');
});

test('the timer brings what the next OS image binds, and stages nothing', async () => {
  await scene.pushApp('web:2');
  await scene.publish({ 'web.container': web('2') });
  expect(await scene.stdoutOf('systemctl', 'list-timers', '--all')).toContain('bound-images-prefetch.timer');
  await scene.stdoutOf('systemctl', 'start', 'bound-images-prefetch.service');
  const { deployments, images, store } = await scene.status();
  const ownBytes = deployments.map((one) => one.ownBytes);
  expect(ownBytes.every((bytes) => bytes > 0)).toBe(true);
  const parts = [...ownBytes, store.sharedBytes, store.unboundBytes];
  expect(parts.reduce((total, bytes) => total + bytes)).toBe(store.sizeBytes);
  expect(store.freeBytes).toBeGreaterThan(0);
  expect(deployments.map(({ slot, version, state }) => `${slot} ${version} ${state}`)).toEqual([
    'candidate 2 ready',
    'booted 1 ready',
  ]);
  expect(images.map(({ image, state }) => [image, state])).toEqual([
    [`${registry}/web:1`, 'present'],
    [`${registry}/web:2`, 'present'],
  ]);
  expect(await scene.stdoutOf('ostree', 'admin', 'status')).not.toContain('staged');
});

test("bootc's own update service goes through the gate and reboots into the update", async () => {
  await scene.rebootBy('systemctl', 'start', 'bootc-fetch-apply-updates.service');
  expect(await scene.version()).toBe('2');
  const before = await scene.stdoutOf('journalctl', '--boot=-1', '--output=cat', '--identifier=bound-images');
  expect(before).toContain('Rebooting into the staged deployment, which has all its images.');
});

test('what the agent did before the reboot is remembered', async () => {
  const text = await scene.stdoutOf('bound-images', 'status', '--history', '--json');
  const { jobs } = JSON.parse(text) as { jobs: { fetchedBytes: number }[] };
  const fetched = { operation: 'prefetch', result: 'succeeded', images: [`${registry}/web:2`], error: null };
  expect(jobs).toContainEqual(expect.objectContaining(fetched));
  expect(jobs.reduce((total, { fetchedBytes }) => total + fetchedBytes, 0)).toBeGreaterThan(0);
  expect(await scene.stdoutOf('bound-images', 'status', '--history')).toMatch(
    /^ENDED .*\n.* prefetch +succeeded /s,
  );
});

test('the boot is assessed as good, and its apps run without the registry', async () => {
  await scene.stdoutOf('systemctl', 'stop', 'registry.service');
  await scene.stdoutOf('systemctl', 'start', 'boot-complete.target');
  expect(await scene.stdoutOf('systemctl', 'is-active', 'bound-images-verify.service')).toBe('active');
  expect(await runningApp()).toBe('web:2');
});

test('a rollback finds its images, still without the registry', async () => {
  await scene.stdoutOf('bootc', 'rollback');
  await scene.untilEntry('boot-ready', (text) => text.includes('(rollback) boots next'));
  await scene.reboot();
  expect(await scene.version()).toBe('1');
  await scene.stdoutOf('systemctl', 'stop', 'registry.service');
  await scene.stdoutOf('systemctl', 'start', 'boot-complete.target');
  expect(await runningApp()).toBe('web:1');
});

test('no unit has failed', async () => {
  expect(await scene.stdoutOf('systemctl', 'list-units', '--failed', '--plain', '--no-legend')).toBe('');
});
