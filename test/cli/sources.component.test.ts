import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { makeImage, makeLayer, writeLayout } from '../support/image.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { makeScene } from './scene.ts';

// The command reads the configuration of the host that it runs on.
const configuration = '/etc/bound-images.d/sources-test.toml';
afterEach(async () => rm(configuration, { force: true }));

test('a folder of fetch.sources brings what no registry can be asked for', async () => {
  await using stick = await temporaryFolder();
  await using scene = await makeScene();
  const image = 'registry.invalid/app:1';
  await writeLayout(stick.path, image, makeImage([await makeLayer({ app: 'one' })]));
  await scene.bindImage('app', image);
  await mkdir(dirname(configuration), { recursive: true });

  await writeFile(configuration, '');
  expect((await scene.run('prefetch')).exitCode).toBe(1);
  await writeFile(configuration, `[fetch]\nsources = ["oci:${stick.path}"]\n`);
  const { exitCode, stdout } = await scene.run('prefetch');
  expect(stdout).toContain('1 pulled, 0 already present, 0 failed');
  expect(exitCode).toBe(0);
  expect(await scene.store.imageNames()).toEqual([image]);
});
