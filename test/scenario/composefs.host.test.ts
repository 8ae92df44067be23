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
