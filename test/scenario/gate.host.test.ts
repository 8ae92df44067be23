// Upgrades that meet trouble: registries that are down, a bootc without locks, a tag that moves, a kill at any moment.
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

test('a kill of the agent at any moment loses nothing: the next one goes on', async () => {
  for (const delayMs of [300, 2_000]) {
    const name = `kill-${delayMs}`;
    await scene.pushApp(`${name}:1`);
    await scene.publish({ ...one, [`${name}.image`]: `${registry}/${name}:1` });
    const upgrade = scene.run(['bound-images', 'upgrade']);
    // Not waited for: the moment itself is what is tried.
    await scene.stdoutOf(
      'sh',
      '-c',
      `sleep ${delayMs / 1000}; systemctl kill --signal=SIGKILL bound-images.service`,
    );
    expect([0, 1, 3]).toContain((await upgrade).exitCode);
    expect(await scene.run(['bound-images', 'upgrade'])).toMatchObject({ exitCode: 0 });
    expect(await staged()).toBe('staged');
    expect(await scene.storedNames()).toContain(`${registry}/${name}:1`);
  }
});

test('told to stop in the middle it stops, and no process is left', async () => {
  await scene.pushApp('stop:1');
  await scene.publish({ ...one, 'stop.image': `${registry}/stop:1` });
  const upgrade = scene.run(['bound-images', 'upgrade']);
  await untilState(scene, ({ images }) => images.some(({ reference }) => reference === `${registry}/stop:1`));
  // Whoever waits for the job asks what became of it, which may start the next agent before this one is gone.
  await scene.run(['systemctl', 'stop', 'bound-images.service']);
  expect((await upgrade).exitCode).not.toBe(0);
  await scene.stdoutOf('systemctl', 'stop', 'bound-images.service');
  expect((await scene.run(['pgrep', '--full', 'bound-images.js agent'])).exitCode).toBe(1);
  const { exitCode, stderr } = await scene.run(['bound-images', 'upgrade']);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
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
