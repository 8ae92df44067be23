// Whatever else removes or spoils an image: noticed by the running agent or by the next one, mended, written down, told on the bus.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Scene, type Status, openScene, registry } from './scene.ts';
import { untilState } from './state-file.ts';

const store = '/sysroot/ostree/bootc/storage';
const one = `${registry}/one:1`;
const web = [
  '[Container]',
  `Image=${registry}/web:1`,
  'ContainerName=web',
  'Pull=never',
  'GlobalArgs=--storage-opt=additionalimagestore=/usr/lib/bootc/storage',
  '',
].join('\n');
let scene: Scene;
beforeAll(async () => {
  const bound = { 'one.image': one, 'web.container': web };
  scene = await openScene({ name: 'damage', bound, apps: ['one:1', 'web:1'] });
  await scene.untilEntry('state-ready');
});
afterAll(async () => scene[Symbol.asyncDispose]());

/** Waits for all to be there again, as the agent tells it. */
async function whole(): Promise<void> {
  await untilState(
    scene,
    ({ state, images }) => state === 'ready' && images.every((image) => image.state === 'present'),
  );
}

/** Of the layer that an image has for itself. */
async function ownLayer(image: string): Promise<string> {
  const script =
    'podman --storage-opt=additionalimagestore=/usr/lib/bootc/storage image inspect --format "{{.GraphDriver.Data.UpperDir}}" "$0"';
  return scene.stdoutOf('sh', '-c', script, image);
}

test('the default store has nothing to do with it: what podman resets or removes there is not missed', async () => {
  await scene.stdoutOf('podman', 'pull', '--quiet', `${registry}/web:1`);
  await scene.stdoutOf('podman', 'rmi', '--force', `${registry}/web:1`);
  await scene.stdoutOf('podman', 'system', 'reset', '--force');
  expect((await scene.status()).images.map(({ state }) => state)).toEqual(['present', 'present']);
});

test('an image that is removed comes back at once, and the bus hears of both', async () => {
  await using bus = scene.follow('busctl', 'monitor', '--json=short', 'org.boundimages1');
  // It does not say when it has begun to listen.
  while (bus.lines.length === 0)
    await scene.stdoutOf(
      'busctl',
      'call',
      'org.boundimages1',
      '/org/boundimages1',
      'org.freedesktop.DBus.Peer',
      'Ping',
    );
  const name = `containers-storage:[overlay@${store}+/run/tests]${one}`;
  await scene.writing('skopeo', 'delete', name);
  for (const state of ['missing', 'present']) {
    await bus.until(
      (line) =>
        line.includes('"PropertiesChanged"') &&
        line.includes('org.boundimages1.Image') &&
        line.includes(`"State":{"type":"s","data":"${state}"}`),
    );
  }
  await bus.until((line) => line.includes('"InterfacesAdded"') && line.includes('org.boundimages1.Job'));
  await whole();
  expect(await scene.untilEntry('state-incomplete')).toContain('lacks images');
});

test("a layer's folder that is deleted is noticed by the running agent", async () => {
  const files = await ownLayer(one);
  await scene.writing('rm', '-rf', files.replace(/\/diff$/, ''));
  await scene.untilEntry('image-damaged', (text) => text.includes('one:1 is damaged'));
  await scene.untilEntry('image-repaired', (text) => text.includes('one:1 is whole again'));
  await whole();
  expect(await scene.stdoutOf('ls', files)).toBe('etc');
});

test('an image that the power was cut on is read at the next boot, and comes back', async () => {
  await scene.stopAgent();
  const files = await ownLayer(one);
  const kept = await scene.stdoutOf('find', files, '-type', 'f', '-size', '+0');
  const [file = ''] = kept.split('\n');
  await scene.writing('truncate', '--size=0', file);
  const key = createHash('sha256').update('/usr/lib/bootc/storage').digest('hex').slice(0, 16);
  const note = `mkdir -p $0 && printf %s "$1" >$0/an-earlier-boot.${key}.1`;
  await scene.stdoutOf('sh', '-c', note, '/var/cache/bound-images/importing', one);
  const boot = ['systemctl', 'restart', 'bound-images-verify.service'];
  expect((await scene.run(boot)).exitCode).toBe(1);
  await scene.untilEntries('image-repaired', 2);
  await whole();
  expect((await scene.run(boot)).exitCode).toBe(0);
  expect(await scene.stdoutOf('find', files, '-type', 'f', '-size', '+0')).toBe(kept);
});

test('and by the next one, where none runs', async () => {
  await scene.stopAgent();
  await scene.writing('rm', '-rf', (await ownLayer(one)).replace(/\/diff$/, ''));
  expect((await scene.status()).images).toHaveLength(2);
  await scene.untilEntries('image-repaired', 3);
  await whole();
});

test('a list of images that breaks off is set aside, and the images come back', async () => {
  await scene.stopAgent();
  await scene.writing('truncate', '--size=100', `${store}/overlay-images/images.json`);
  expect((await scene.status()).images).toHaveLength(2);
  await scene.untilEntry('image-damaged', (text) => text.includes('images.json.damaged-'));
  await whole();
  expect(await scene.storedNames()).toEqual([one, `${registry}/web:1`]);
});

/** Of all that the store has but its lock files. */
async function storeFiles(): Promise<string> {
  return scene.stdoutOf('find', `${store}/`, '-type', 'f', '!', '-name', '*.lock', '-printf', '%P %s\n');
}

test('where no repair is allowed, records that break off are told of, with the remedy, and nothing is touched', async () => {
  await scene.configure('[guard]\nrepair = false\n');
  await scene.writing('truncate', '--size=100', `${store}/overlay-images/images.json`);
  const files = await storeFiles();
  const { exitCode, stdout } = await scene.run(['bound-images', 'status', '--json']);
  const { state, nextBoot, images, deployments } = JSON.parse(stdout) as Status;
  expect({ exitCode, state }).toEqual({ exitCode: 3, state: 'unknown' });
  expect(nextBoot).toEqual({
    verdict: 'blocked',
    reason: expect.stringMatching(/images\.json.*verify --repair/),
  });
  expect([...images, ...deployments].map((one) => one.state)).toEqual(['unknown', 'unknown', 'unknown']);
  for (const command of ['upgrade', 'prefetch', 'gc', 'verify']) {
    const { exitCode: status, stderr } = await scene.run(['bound-images', command]);
    expect({ command, status, stderr }).toEqual({
      command,
      status: 1,
      stderr: expect.stringContaining('overlay-images/images.json: '),
    });
  }
  expect(await storeFiles()).toBe(files);
  expect(await scene.run(['bound-images', 'verify', '--repair'])).toMatchObject({ exitCode: 0 });
  await whole();
  await scene.configure(undefined);
});

test('a list of layers that breaks off is set aside with the images, which are fetched again', async () => {
  await scene.stopAgent();
  await scene.writing('truncate', '--size=100', `${store}/overlay-layers/layers.json`);
  expect((await scene.status()).images).toHaveLength(2);
  await scene.untilEntry('image-damaged', (text) => text.includes('layers.json.damaged-'));
  await whole();
  const option = '--storage-opt=additionalimagestore=/usr/lib/bootc/storage';
  const run = ['podman', option, 'run', '--rm', '--pull=never', one, 'cat', '/etc/app'];
  expect(await scene.stdoutOf(...run)).toBe('one:1');
});

test('under a running container a repair waits, says for whom, and comes when that has ended', async () => {
  await scene.stdoutOf('systemctl', 'daemon-reload');
  await scene.stdoutOf('systemctl', 'start', 'web.service');
  await scene.writing('rm', '-rf', (await ownLayer(`${registry}/web:1`)).replace(/\/diff$/, ''));
  const postponed = await scene.untilEntry('repair-postponed');
  expect(postponed).toContain('container web');
  const { nextBoot } = await untilState(scene, (state) => state.nextBoot.reason.includes('container web'));
  expect(nextBoot.verdict).toBe('blocked');
  expect(await scene.stdoutOf('podman', 'ps', '--format={{.Names}}')).toBe('web');
  const records = `${store}/overlay-layers/layers.json`;
  await scene.writing('cp', records, `${records}.saved`);
  await scene.writing('truncate', '--size=100', records);
  await untilState(scene, ({ state }) => state === 'unknown');
  await scene.writing('mv', `${records}.saved`, records);
  await untilState(scene, ({ state }) => state === 'damaged');
  await scene.stdoutOf('systemctl', 'stop', 'web.service');
  await scene.untilEntry('image-repaired', (text) => text.includes('web:1'));
  await whole();
  await scene.stdoutOf('systemctl', 'start', 'web.service');
  expect(await scene.stdoutOf('podman', 'exec', 'web', 'cat', '/etc/app')).toBe('web:1');
});
