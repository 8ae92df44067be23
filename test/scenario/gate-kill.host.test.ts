// The agent is killed, told to stop, or the power is cut, in each phase of an upgrade: the next turn goes on, and nothing is lost.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { holdNext, installHold } from './hold-programs.ts';
import { type Scene, openScene, registry } from './scene.ts';

const pullOfApp = `skopeo *copy*docker://${registry}/app-*`;
const one = { 'one.image': `${registry}/one:1` };
let scene: Scene;
let app = 1;
beforeAll(async () => {
  scene = await openScene({ name: 'kill', bound: one, apps: ['one:1'] });
  await scene.untilEntry('state-ready');
  await installHold(scene, 'bootc', 'ostree', 'skopeo', 'systemctl');
});
afterAll(async () => scene[Symbol.asyncDispose]());

/** Publishes an OS image that binds an app of its own. @returns the app, below the registry */
async function publishNext(): Promise<string> {
  const reference = `app-${(app += 1)}:1`;
  await scene.publish({ ...one, 'app.image': `${registry}/${reference}` });
  return reference;
}

async function staged(): Promise<string> {
  const status = await scene.stdoutOf('ostree', 'admin', 'status');
  return /\((staged|finalization locked)\)/.exec(status)?.[1] ?? 'none';
}

async function kill(): Promise<void> {
  await scene.stdoutOf('systemctl', 'kill', '--signal=SIGKILL', 'bound-images.service');
}

async function cutPower(): Promise<void> {
  await scene.kill();
  await scene.start();
}

async function upgradeIsDone(reference: string): Promise<void> {
  expect(await scene.run(['bound-images', 'upgrade'])).toMatchObject({ exitCode: 0 });
  expect(await scene.storedNames()).toContain(`${registry}/${reference}`);
}

/** The moments of an upgrade through the gate, in their order. */
const phases = [
  ['looking ahead', 'before', 'bootc status*'],
  ['prefetching', 'before', pullOfApp],
  ['bootc has deployed, and is at work still', 'after', 'ostree admin deploy*'],
  ['verifying what is staged and locked', 'after', 'bootc upgrade --download-only*'],
  ['unlocking', 'before', 'bootc upgrade --from-downloaded*'],
  ['unlocked', 'after', 'bootc upgrade --from-downloaded*'],
] as const;

test.each(phases)('killed while %s', async (_, moment, call) => {
  const reference = await publishNext();
  await scene.pushApp(reference);
  const held = await holdNext(scene, moment, call);
  const upgrade = scene.run(['bound-images', 'upgrade']);
  await held.reached();
  await kill();
  await held.letGo();
  // Whoever asked is told of the agent's end, or of what the next one found.
  expect([0, 1, 3]).toContain((await upgrade).exitCode);
  await upgradeIsDone(reference);
  expect(await staged()).toBe('staged');
});

test.each([phases[2], phases[5]])('the power is cut while %s', async (_, moment, call) => {
  const reference = await publishNext();
  await scene.pushApp(reference);
  const held = await holdNext(scene, moment, call);
  const upgrade = scene.run(['bound-images', 'upgrade']).catch(() => undefined);
  await held.reached();
  await cutPower();
  await upgrade;
  // What was staged is gone with /run.
  expect(await staged()).toBe('none');
  await upgradeIsDone(reference);
  expect(await staged()).toBe('staged');
});

/** Has bootc stage what binds an app that no registry has yet; the agent locks it. @returns the app */
async function stageWithoutApp(...flags: readonly string[]): Promise<string> {
  const reference = await publishNext();
  expect((await scene.run(['bootc', 'upgrade', '--quiet', ...flags])).exitCode).toBe(1);
  return reference;
}

test.each(['before', 'after'] as const)(
  'killed %s it has locked what somebody else has staged',
  async (moment) => {
    const held = await holdNext(scene, moment, 'ostree admin lock-finalization*');
    const reference = await stageWithoutApp();
    await held.reached();
    await kill();
    await held.letGo();
    await scene.pushApp(reference);
    await upgradeIsDone(reference);
    expect(await staged()).toBe('staged');
  },
);

/** Has the agent, whom nobody asks, in the middle of bringing what a staged deployment lacks. @returns the app */
async function completing(...flags: readonly string[]): Promise<string> {
  const reference = await stageWithoutApp(...flags);
  await scene.run(['bound-images', 'upgrade']);
  await scene.stopAgent();
  expect(await staged()).toBe('finalization locked');
  await scene.pushApp(reference);
  // Other logins: what no registry knew is tried again, by the agent itself.
  await scene.stdoutOf(
    'sh',
    '-c',
    `mkdir -p /etc/ostree && echo '{"auths":{"${reference}":{}}}' >/etc/ostree/auth.json`,
  );
  const held = await holdNext(scene, 'before', pullOfApp);
  await scene.stdoutOf('systemctl', 'start', 'bound-images-refresh.service');
  await held.reached();
  return reference;
}

test('killed while it completes it: it comes back by itself, and unlocks what it had locked', async () => {
  const reference = await completing();
  const unlocked = (await scene.entries('staged-unlocked')).length;
  await kill();
  await scene.untilEntries('staged-unlocked', unlocked + 1);
  expect(await staged()).toBe('staged');
  expect(await scene.storedNames()).toContain(`${registry}/${reference}`);
});

test('killed while it completes it: what somebody else has locked stays locked', async () => {
  const reference = await completing('--download-only');
  await kill();
  await upgradeIsDone(reference);
  expect(await staged()).toBe('finalization locked');
});

test('told to stop in the middle it stops, no process is left, and a turn is appointed that ends it', async () => {
  const reference = await completing();
  await scene.stdoutOf('systemctl', 'stop', 'bound-images.service');
  expect((await scene.run(['pgrep', '--full', 'bound-images.js agent'])).exitCode).toBe(1);
  expect(await staged()).toBe('finalization locked');
  const unlocked = (await scene.entries('staged-unlocked')).length;
  // Nobody asks.
  await scene.untilEntries('staged-unlocked', unlocked + 1);
  expect(await staged()).toBe('staged');
  expect(await scene.storedNames()).toContain(`${registry}/${reference}`);
});

test('killed when it asks for the reboot: the next one does', async () => {
  const reference = await publishNext();
  await scene.pushApp(reference);
  const held = await holdNext(scene, 'before', 'systemctl reboot*');
  const upgrade = scene.run(['bound-images', 'upgrade', '--apply']);
  await held.reached();
  await kill();
  await upgrade;
  expect(await staged()).toBe('staged');
  await scene.rebootBy('bound-images', 'upgrade', '--apply');
  expect(await scene.storedNames()).toContain(`${registry}/${reference}`);
  await scene.stdoutOf('systemctl', 'start', 'boot-complete.target');
  expect(await scene.stdoutOf('systemctl', 'list-units', '--failed', '--plain', '--no-legend')).toBe('');
});
