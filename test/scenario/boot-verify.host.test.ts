// A boot without its images, as strictly as the configuration wants it; what others may see and do; files for other programs.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HostResult } from '../host/boot.ts';
import { type Scene, openScene, registry } from './scene.ts';
import { stateFile, untilState } from './state-file.ts';

const one = `${registry}/one:1`;
const gone = `${registry}/gone:1`;
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ name: 'boot', bound: { 'one.image': one, 'gone.image': gone }, apps: ['one:1'] });
  await untilState(scene, ({ nextBoot }) => nextBoot.reason.includes('gone:1 is missing (NotFound'));
});
afterAll(async () => scene[Symbol.asyncDispose]());

async function assessBoot(): Promise<HostResult> {
  await scene.run(['systemctl', 'stop', 'boot-complete.target', 'bound-images-verify.service']);
  return scene.run(['systemctl', 'start', 'boot-complete.target']);
}

async function asNobody(...argv: readonly string[]): Promise<HostResult> {
  return scene.run(argv, { user: 'nobody' });
}

test('a boot without its images has failed, and the journal says which', async () => {
  expect((await assessBoot()).exitCode).not.toBe(0);
  expect((await scene.run(['systemctl', 'is-active', 'boot-complete.target'])).stdout).toBe('inactive\n');
  const said = await scene.stdoutOf(
    'journalctl',
    '--boot',
    '--unit=bound-images-verify.service',
    '--output=cat',
  );
  expect(said).toContain(`${gone}: missing`);
  expect(said).toContain('1 of 2 bound images present and whole.');
});

test.each([
  ['warn', 'this boot goes on without them'],
  ['off', ''],
])('with boot.verify = "%s" it has not', async (verify, says) => {
  await scene.configure(`[boot]\nverify = "${verify}"\n`);
  expect(await assessBoot()).toMatchObject({ exitCode: 0 });
  const said = await scene.stdoutOf(
    'journalctl',
    '--boot',
    '--unit=bound-images-verify.service',
    '--output=cat',
  );
  expect(said).toContain(says);
});

test('anybody may look, and only administrators may change', async () => {
  const looked = await asNobody('bound-images', 'status', '--json');
  expect(looked.exitCode).toBe(3);
  expect(JSON.parse(looked.stdout)).toMatchObject({ state: 'incomplete' });
  for (const command of ['prefetch', 'gc', 'upgrade']) {
    const { exitCode, stdout, stderr } = await asNobody('bound-images', command);
    expect({ command, exitCode, stdout }).toEqual({ command, exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/needs a password|administrator/);
  }
});

test('the state and the metrics are files that anybody reads', async () => {
  // Before the agent starts: a folder that is not there is not opened for it.
  await scene.stdoutOf('mkdir', '-p', '/var/lib/node_exporter');
  await scene.configure('[metrics]\ntextfile = "/var/lib/node_exporter/bound-images.prom"\n');
  await scene.run(['bound-images', 'status']);
  await scene.stdoutOf('systemctl', 'stop', 'bound-images.service');
  // It has left, and what it knew is still there.
  expect(await stateFile(scene)).toMatchObject({ schema: 1, state: 'incomplete' });
  expect((await asNobody('cat', '/run/bound-images/state.json')).exitCode).toBe(0);
  const metrics = await asNobody('cat', '/var/lib/node_exporter/bound-images.prom');
  expect(metrics.stdout).toMatch(/^boundimages_next_boot_ready 0/m);
});

test('a configuration that cannot be read is said, with its line', async () => {
  await scene.configure('[boot]\nverify = "maybe"\n');
  const { exitCode, stderr } = await scene.run(['bound-images', 'status']);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringContaining('/etc/bound-images.toml:2'),
  });
});
