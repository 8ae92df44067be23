import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hostStateText, publish } from '../../src/state/publish.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { hostState } from './sample.ts';

test('both files can be read by everybody, whatever the umask', async () => {
  await using folder = await temporaryFolder();
  const umask = process.umask(0o077);
  onTestFinished(() => void process.umask(umask));
  const statePath = join(folder.path, 'state.json');
  const textfilePath = join(folder.path, 'bound-images.prom');
  await publish(hostState, { statePath, textfilePath });
  await publish(hostState, { statePath, textfilePath });
  expect((await readdir(folder.path)).sort()).toEqual(['bound-images.prom', 'state.json']);
  for (const path of [statePath, textfilePath]) expect((await stat(path)).mode & 0o777).toBe(0o644);
  expect(await readFile(textfilePath, 'utf8')).toMatch(/^# HELP boundimages_images /);
});

test('the state as JSON', () => {
  const document = JSON.parse(hostStateText(hostState)) as { schema: number; images: { job?: number }[] };
  expect(document).toMatchObject({ schema: 1, state: 'incomplete', nextBoot: hostState.nextBoot });
  expect(document.images.map(({ job }) => job)).toEqual([undefined, 7, undefined]);
});

test('a path that cannot be written is named', async () => {
  await using folder = await temporaryFolder();
  const statePath = join(folder.path, 'state.json');
  await publish(hostState, { statePath });
  await expect(publish(hostState, { statePath: join(statePath, 'x') })).rejects.toMatchObject({
    code: 'Internal',
    message: `cannot write ${statePath}/x: EEXIST`,
  });
});
