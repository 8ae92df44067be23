// What nothing needs goes in the end, what anything needs stays, and bootc's prune never fails.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Scene, openScene, registry } from './scene.ts';
import { untilState } from './state-file.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ name: 'garbage', bound: { 'app.image': app(1) }, apps: ['app:1'] });
  await scene.untilEntry('state-ready');
});
afterAll(async () => scene[Symbol.asyncDispose]());

function app(version: number): string {
  return `${registry}/app:${version}`;
}

async function upgradeTo(version: number): Promise<void> {
  await scene.pushApp(`app:${version}`);
  await scene.publish({ 'app.image': app(version) });
  await scene.rebootBy('bound-images', 'upgrade', '--apply');
  expect(await scene.version()).toBe(`${version}`);
}

test('after an upgrade the rollback still has its images, and gc finds nothing', async () => {
  await upgradeTo(2);
  expect(await scene.storedNames()).toEqual([app(1), app(2)]);
  expect(await scene.stdoutOf('bound-images', 'gc', '--dry-run')).toBe('Nothing to remove.');
});

test('what was prefetched is leased: it stays though the registry has moved on', async () => {
  await scene.pushApp('app:3');
  await scene.publish({ 'app.image': app(3) });
  await scene.stdoutOf('bound-images', 'prefetch');
  expect(await scene.stdoutOf('bound-images', 'gc', '--dry-run')).toBe('Nothing to remove.');
  expect(await scene.storedNames()).toContain(app(3));
});

test('garbage with two names, on which its prune would fail, is gone before bootc meets it', async () => {
  const digest = await scene.pushApp('stray:1');
  const source = `docker://${registry}/stray@${digest}`;
  // Else the first name might be gone before it has the second.
  await scene.stopAgent();
  for (const name of ['stray:1', 'stray:2']) {
    const target = `containers-storage:[overlay@/usr/lib/bootc/storage+/run/tests]${registry}/${name}`;
    await scene.writing('skopeo', 'copy', '--quiet', source, target);
  }
  expect((await scene.status()).state).toBe('ready');
  await scene.untilEntry('image-removed', (text) => text.includes('stray:'));
  await scene.publish({ 'app.image': app(2) });
  expect(await scene.run(['bootc', 'upgrade'])).toMatchObject({ exitCode: 0 });
});

test('after two upgrades what the first OS had bound is gone', async () => {
  await scene.pushApp('app:9');
  await scene.publish({ 'app.image': app(9) });
  await scene.rebootBy('bound-images', 'upgrade', '--apply');
  await untilState(scene, ({ state }) => state === 'ready');
  await scene.run(['bound-images', 'gc']);
  const names = await scene.storedNames();
  expect(names).toContain(app(9));
  expect(names).toContain(app(2));
  expect(names).not.toContain(app(1));
  expect(names.filter((name) => name.includes('stray'))).toEqual([]);
  // Nor is it remembered what became of it.
  const results = await scene.stdoutOf('cat', '/var/lib/bound-images/results.json');
  expect(results).toContain(app(9));
  expect(results).not.toContain(`${app(1)}"`);
  expect(await scene.stdoutOf('systemctl', 'list-units', '--failed', '--plain', '--no-legend')).toBe('');
});
