// Upgrades that meet trouble: registries that are down, a bootc without locks, a tag that moves.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Scene, openScene, registry } from './scene.ts';
import { untilState } from './state-file.ts';

const one = { 'one.image': `${registry}/one:1` };
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ name: 'gate', bound: one, apps: ['one:1', 'two:1', 'three:1'] });
  await scene.untilEntry('state-ready');
});
afterAll(async () => scene[Symbol.asyncDispose]());

async function staged(): Promise<string> {
  const status = await scene.stdoutOf('ostree', 'admin', 'status');
  return /\((staged|finalization locked)\)/.exec(status)?.[1] ?? 'none';
}

test('with the registry down nothing is staged, and the next boot is what it was', async () => {
  await scene.publish({ ...one, 'two.image': `${registry}/two:1` });
  await scene.stdoutOf('systemctl', 'stop', 'registry.service');
  const { exitCode, stderr } = await scene.run(['bound-images', 'upgrade']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('127.0.0.1:5000') });
  expect(await staged()).toBe('none');
  expect((await scene.status()).nextBoot.verdict).toBe('ready');
  await scene.stdoutOf('systemctl', 'start', 'registry.service');
  await scene.stdoutOf(
    'sh',
    '-c',
    'until curl --silent --fail http://127.0.0.1:5000/v2/; do sleep 0.1; done',
  );
});

test('an OS image that binds what nobody has is not staged', async () => {
  await scene.publish({ ...one, 'gone.image': `${registry}/gone:1` });
  const { exitCode, stderr } = await scene.run(['bound-images', 'upgrade']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringContaining('gone:1 is missing') });
  expect(await staged()).toBe('none');
});

test("a tag that moves after the prefetch: what counts is the staged root's own bound set", async () => {
  await scene.publish({ ...one, 'two.image': `${registry}/two:1` });
  await scene.stdoutOf('bound-images', 'prefetch');
  const version = await scene.publish({ ...one, 'three.image': `${registry}/three:1` });
  // Somebody else's, at once: what was prefetched is for another OS image.
  await scene.stdoutOf('bootc', 'upgrade', '--download-only');
  await scene.stdoutOf('bootc', 'upgrade', '--from-downloaded');
  await untilState(scene, ({ nextBoot }) => nextBoot.reason.includes('(staged) boots next and has all'));
  expect(await scene.storedNames()).toContain(`${registry}/three:1`);
  expect(Number(version)).toBeGreaterThan(1);
});

test('a bootc without locks: prefetched, staged, verified', async () => {
  await scene.stdoutOf('mkdir', '-p', '/etc/bootc-standin/older');
  await scene.pushApp('older:1');
  const version = await scene.publish({ ...one, 'older.image': `${registry}/older:1` });
  expect(await scene.run(['bound-images', 'upgrade'])).toMatchObject({ exitCode: 0 });
  await scene.rebootBy('bound-images', 'upgrade', '--apply');
  expect(await scene.version()).toBe(version);
  await scene.stdoutOf('systemctl', 'start', 'boot-complete.target');
});
