// bootc's composefs backend pulls no bound images and empties its store at each staging: here the store is ours.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Scene, openScene, registry } from './scene.ts';
import { untilState } from './state-file.ts';

const one = { 'one.image': `${registry}/one:1` };
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ name: 'composefs', bound: one, apps: ['one:1', 'two:1'], backend: 'composefs' });
  await untilState(scene, ({ state }) => state === 'ready');
});
afterAll(async () => scene[Symbol.asyncDispose]());

test('images are where the units find them, for podman too', async () => {
  const { stdout } = await scene.run(['bound-images', 'status']);
  expect(stdout).toContain('/var/lib/bound-images/storage (own)');
  expect(await scene.storedNames()).toEqual([`${registry}/one:1`]);
  const option = '--storage-opt=additionalimagestore=/usr/lib/bound-images/storage';
  const run = ['podman', option, 'run', '--rm', '--pull=never', `${registry}/one:1`, 'cat', '/etc/app'];
  expect(await scene.stdoutOf(...run)).toBe('one:1');
});

test("an upgrade through the gate boots with its images, which bootc's collector has left alone", async () => {
  await scene.publish({ ...one, 'two.image': `${registry}/two:1` });
  await scene.rebootBy('bound-images', 'upgrade', '--apply');
  expect(await scene.version()).toBe('2');
  await scene.stdoutOf('systemctl', 'start', 'boot-complete.target');
  expect(await scene.storedNames()).toEqual([`${registry}/one:1`, `${registry}/two:1`]);
});

test('what somebody else stages is completed', async () => {
  await scene.pushApp('three:1');
  await scene.publish({ ...one, 'three.image': `${registry}/three:1` });
  await scene.stdoutOf('bootc', 'upgrade');
  await untilState(scene, ({ nextBoot }) => nextBoot.reason.includes('(staged) boots next and has all'));
  const { deployments } = await scene.status();
  expect(deployments.slice(0, 2).map(({ slot, version }) => `${slot} ${version}`)).toEqual([
    'staged 3',
    'booted 2',
  ]);
  expect(await scene.storedNames()).toContain(`${registry}/three:1`);
  await scene.reboot();
  expect(await scene.version()).toBe('3');
  await scene.stdoutOf('systemctl', 'start', 'boot-complete.target');
});

test('gc takes what nothing binds, and leaves what the rollback binds and what is leased for another OS', async () => {
  await scene.pushApp('four:1');
  await scene.pushApp('stray:1');
  await scene.publish({ 'four.image': `${registry}/four:1` }, `${registry}/other:1`);
  await scene.stdoutOf('bound-images', 'prefetch', `${registry}/other:1`);
  const stray = `${registry}/stray:1`;
  const target = `containers-storage:[overlay@/var/lib/bound-images/storage+/run/tests]${stray}`;
  await scene.stdoutOf('skopeo', 'copy', '--quiet', `docker://${stray}`, target);
  await scene.untilEntry('image-removed', (text) => text.includes(stray));
  expect(await scene.stdoutOf('bound-images', 'gc')).toBe('Nothing to remove.');
  expect(await scene.storedNames()).toEqual(
    ['four', 'one', 'three', 'two'].map((name) => `${registry}/${name}:1`),
  );
});

test('a rollback finds its images, without the registry', async () => {
  await scene.stdoutOf('bootc', 'rollback');
  await scene.untilEntry('boot-ready', (text) => text.includes('(rollback) boots next'));
  await scene.reboot();
  expect(await scene.version()).toBe('2');
  await scene.stdoutOf('systemctl', 'stop', 'registry.service');
  await scene.stdoutOf('systemctl', 'start', 'boot-complete.target');
  const option = '--storage-opt=additionalimagestore=/usr/lib/bound-images/storage';
  const run = ['podman', option, 'run', '--rm', '--pull=never', `${registry}/two:1`, 'cat', '/etc/app'];
  expect(await scene.stdoutOf(...run)).toBe('two:1');
  await scene.stdoutOf('systemctl', 'start', 'registry.service');
  await scene.stdoutOf(
    'sh',
    '-c',
    'until curl --silent --fail http://127.0.0.1:5000/v2/; do sleep 0.1; done',
  );
});

test('what only an OS had bound that is gone goes, and the lease still holds', async () => {
  await scene.publish(one);
  await scene.rebootBy('bound-images', 'upgrade', '--apply');
  expect(await scene.version()).toBe('5');
  // The next staging takes the OS image off the disk that neither boots next nor is the rollback.
  await scene.publish(one);
  await scene.stdoutOf('bound-images', 'upgrade');
  await scene.untilEntry('image-removed', (text) => text.includes('three:1'));
  expect(await scene.stdoutOf('bound-images', 'gc')).toBe('Nothing to remove.');
  expect(await scene.storedNames()).toEqual(['four', 'one', 'two'].map((name) => `${registry}/${name}:1`));
});
