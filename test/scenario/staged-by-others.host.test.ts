// What somebody else stages is locked while it lacks images, completed as soon as they can be had, and then let go.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Scene, openScene, registry } from './scene.ts';
import { untilState } from './state-file.ts';

/** Another registry, which is down: connections to it are refused. */
const away = '127.0.0.1:5001';
const one = { 'one.image': `${registry}/one:1` };
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ name: 'others', bound: one, apps: ['one:1', 'two:1'] });
  await scene.untilEntry('state-ready');
});
afterAll(async () => scene[Symbol.asyncDispose]());

async function staged(): Promise<string> {
  const status = await scene.stdoutOf('ostree', 'admin', 'status');
  return /\((staged|finalization locked)\)/.exec(status)?.[1] ?? 'none';
}

/** The registry of the host under another address. */
async function bringBack(): Promise<void> {
  const override = 'REGISTRY_HTTP_ADDR=127.0.0.1:5001';
  const serve = ['docker-registry', 'serve', '/usr/libexec/bootc-standin/units/registry.json'];
  await scene.stdoutOf('systemd-run', '--unit=other-registry', `--setenv=${override}`, ...serve);
  await scene.stdoutOf('sh', '-c', `until curl --silent --fail http://${away}/v2/; do sleep 0.1; done`);
}

test('while bootc is at work it is left alone; then what it staged is locked within seconds', async () => {
  await scene.stdoutOf('mkfifo', '/run/standin/pause-after-staging');
  const version = await scene.publish({ ...one, 'away.image': `${away}/two:1` });
  const upgrade = scene.run(['bootc', 'upgrade', '--quiet']);
  // The agent sees what is staged, and says so; nothing of it is done before bootc lets its lock go.
  await untilState(scene, ({ deployments }) => deployments.some(({ slot }) => slot === 'staged'));
  expect(await scene.entries('staged-locked')).toEqual([]);
  await scene.stdoutOf('sh', '-c', 'rm -f /run/standin/pause && echo go >/run/standin/pause-after-staging');
  expect(await upgrade).toMatchObject({ exitCode: 1 });
  await scene.stdoutOf('rm', '/run/standin/pause-after-staging');
  await scene.untilEntry('staged-locked');
  await untilState(scene, ({ nextBoot }) => nextBoot.reason.includes(`${away}/two:1 is missing`));
  expect(await staged()).toBe('finalization locked');
  expect(version).toBe('2');
});

test('a reboot meanwhile comes up with what is complete', async () => {
  const locked = 'is staged and locked until it is complete';
  await untilState(
    scene,
    ({ nextBoot }) => nextBoot.verdict === 'waiting' && nextBoot.reason.includes(locked),
  );
  // It is staged anew: ostree drops what was locked at a reboot.
  await scene.reboot();
  expect(await scene.version()).toBe('1');
  expect((await scene.run(['bootc', 'upgrade', '--quiet'])).exitCode).toBe(1);
  await scene.untilEntry('staged-locked');
  // The bus starts the agent for the next call, and for nobody else: what it has in hand it takes up again.
  await scene.stdoutOf('systemctl', 'stop', 'bound-images.service');
});

test('no process waits for the registry: a turn is appointed, and completes it with nobody asking', async () => {
  // Other logins: it counts its tries anew, and the next turn is a minute away at most, not hours.
  await scene.stdoutOf('sh', '-c', 'mkdir -p /etc/ostree && echo {} >/etc/ostree/auth.json');
  expect(await scene.run(['bound-images', 'upgrade'])).toMatchObject({ exitCode: 3 });
  await scene.stdoutOf('systemctl', 'stop', 'bound-images.service');
  await bringBack();
  expect(await staged()).toBe('finalization locked');
  await scene.untilEntry('staged-unlocked', undefined, 180_000);
  expect(await staged()).toBe('staged');
  expect(await scene.storedNames()).toContain(`${away}/two:1`);
  await scene.reboot();
  expect(await scene.version()).toBe('2');
});

test('what no registry knows is given up, until the configuration changes', async () => {
  await scene.publish({ ...one, 'three.image': `${registry}/three:1` });
  await scene.run(['bootc', 'upgrade', '--quiet']);
  await scene.untilEntry('staged-locked');
  await untilState(scene, ({ nextBoot }) => nextBoot.reason.includes('three:1 is missing (NotFound'));
  await scene.pushApp('three:1');
  await scene.stopAgent();
  await scene.stdoutOf('busctl', 'call', ...refresh);
  expect((await scene.status()).images).toContainEqual(
    expect.objectContaining({ image: `${registry}/three:1`, state: 'missing' }),
  );
  await scene.stdoutOf('systemctl', 'stop', 'bound-images.service');
  await scene.stdoutOf('sh', '-c', 'echo {} >/etc/ostree/auth.json');
  await scene.stdoutOf('busctl', 'call', ...refresh);
  await scene.untilEntry('staged-unlocked');
  expect(await staged()).toBe('staged');
});

const refresh = [
  'org.boundimages1',
  '/org/boundimages1',
  'org.boundimages1.Manager',
  'Refresh',
  'a{sv}',
  '0',
];

test('a lock that somebody else has set stays, and the deployment behind it is completed', async () => {
  await scene.publish({ ...one, 'four.image': `${registry}/four:1` });
  const locksBefore = (await scene.entries('staged-locked')).length;
  expect((await scene.run(['bootc', 'upgrade', '--download-only'])).exitCode).toBe(1);
  await untilState(scene, ({ nextBoot }) => nextBoot.reason.includes('four:1 is missing'));
  await scene.pushApp('four:1');
  await scene.stdoutOf('bound-images', 'prefetch');
  const { nextBoot } = await untilState(scene, ({ nextBoot: { reason } }) =>
    reason.includes('complete and locked'),
  );
  expect(nextBoot.reason).toContain('bootc upgrade --from-downloaded lets it boot');
  await scene.stdoutOf('bound-images', 'upgrade');
  expect(await staged()).toBe('finalization locked');
  expect(await scene.entries('staged-locked')).toHaveLength(locksBefore);
});

test('a switch is completed like an upgrade', async () => {
  await scene.publish({ ...one, 'five.image': `${registry}/five:1` }, `${registry}/other:1`);
  expect((await scene.run(['bootc', 'switch', `${registry}/other:1`])).exitCode).toBe(1);
  await untilState(scene, ({ nextBoot }) => nextBoot.reason.includes('five:1 is missing'));
  await scene.pushApp('five:1');
  await scene.stdoutOf('bound-images', 'prefetch');
  await untilState(scene, ({ nextBoot }) =>
    nextBoot.reason.includes('other:1 (staged) boots next and has all'),
  );
  expect(await staged()).toBe('staged');
});
