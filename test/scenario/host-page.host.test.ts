// docs/host.md: its commands, in their order, on a host.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Scene, openScene, registry } from './scene.ts';

const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'host.md'), 'utf8');
const commands = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
  block.trim().split('\n'),
);
const settings = /^```toml\n(.*?)^```$/ms.exec(page)?.[1] ?? '';
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({
    name: 'page',
    bound: { 'one.image': `${registry}/one:1` },
    apps: ['one:1', 'two:1'],
  });
  await scene.untilEntry('state-ready');
  await scene.publish({ 'two.image': `${registry}/two:1` });
});
afterAll(async () => scene[Symbol.asyncDispose]());

test('there are commands to run', () => {
  expect(commands.length).toBeGreaterThan(8);
});

test.each(commands)('%s', async (command) => {
  expect(await scene.run(['sh', '-c', command])).toMatchObject({ exitCode: 0 });
});

test('after them the update is staged with its images, and boots', async () => {
  await scene.reboot();
  expect(await scene.version()).toBe('2');
  expect(await scene.storedNames()).toEqual([`${registry}/one:1`, `${registry}/two:1`]);
});

test('its configuration is one', async () => {
  await scene.stdoutOf('sh', '-c', 'printf "%s" "$0" >/etc/bound-images.toml', settings);
  await scene.stdoutOf('systemctl', 'restart', 'bound-images.service');
  expect(await scene.run(['bound-images', 'status'])).toMatchObject({ exitCode: 0 });
});
