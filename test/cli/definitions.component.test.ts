import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeImage, makeLayer } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { runCli } from './run-cli.ts';
import { allowPlainHttp, boundFolder, makeScene } from './scene.ts';

const commands = ['status', 'plan', 'prefetch', 'verify'];

test.each([
  ['not there', async () => {}],
  ['empty', async (path: string) => mkdir(path)],
])('bound-images.d %s: nothing is bound, and that is well', async (_, make) => {
  await using scene = await makeScene();
  await rm(join(scene.rootPath, boundFolder), { recursive: true });
  await make(join(scene.rootPath, boundFolder));
  for (const command of commands) {
    const { exitCode, stdout } = await scene.run(command);
    expect([command, exitCode, stdout]).toEqual([command, 0, expect.stringContaining('No image is bound.')]);
  }
});

test('broken definitions do not stop the others: 3 while something is missing, then 4', async () => {
  await using _ = await allowPlainHttp();
  await using scene = await makeScene();
  await using registry = await startRegistry();
  const reference = `${registry.address}/app:1`;
  await pushImage(makeImage([await makeLayer({ app: '1' })]), reference);
  await scene.bindImage('good', reference);
  await scene.bind('no-image.image', '[Image]\nArch=amd64\n');
  await scene.bindImage('upper', 'localhost/App:1');
  await scene.bind('syntax.container', '[Container\nImage=x\n');
  const folder = join(scene.rootPath, boundFolder);
  await symlink('/nowhere.image', join(folder, 'dangling.image'));
  await writeFile(join(folder, 'file.image'), `[Image]\nImage=${reference}\n`);
  const statusesOf = async (): Promise<number[]> => {
    const statuses = [];
    for (const command of ['status', 'plan', 'verify']) statuses.push((await scene.run(command)).exitCode);
    return statuses;
  };
  expect(await statusesOf()).toEqual([3, 3, 3]);
  const { exitCode, stdout } = await scene.run('prefetch');
  expect(exitCode).toBe(4);
  expect(stdout).toContain('1 pulled, 0 already present, 0 failed, of 1 bound images.');
  for (const code of ['dangling-link', 'not-a-link', 'bad-reference', 'bootc-no-image'])
    expect(stdout).toContain(`error (${code})`);
  expect(await statusesOf()).toEqual([4, 4, 4]);
  expect(await scene.store.imageNames()).toEqual([reference]);
});

test('without --store a host that has no store of bootc is none of bootc', async () => {
  for (const command of commands) {
    const { exitCode, stdout, stderr } = await runCli([command, '--root', '/']);
    expect([command, exitCode, stdout]).toEqual([command, 5, '']);
    expect(stderr).toBe(
      'bound-images: this is not a bootc host (/usr/lib/bootc/storage is not there): name a store with --store\n',
    );
  }
});

test("without --store it is bootc's", async () => {
  await mkdir('/usr/lib/bootc/storage', { recursive: true });
  await using _ = { [Symbol.asyncDispose]: async () => rm('/usr/lib/bootc', { recursive: true }) };
  const { exitCode, stdout } = await runCli(['status']);
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('Store  /usr/lib/bootc/storage\n')]);
});

test.each([
  ['an unknown command', ['fetch']],
  ['no command', []],
  ['an unknown option', ['status', '--rot', '/']],
  ['an argument too many', ['status', 'more']],
  ['an option without its value', ['status', '--root']],
  ['a root that is not there', ['status', '--root', '/nowhere', '--store', '/s']],
  ['a root that is a file', ['status', '--root', '/etc/passwd', '--store', '/s']],
  ['an auth file that is not there', ['plan', '--root', '/', '--store', '/s', '--authfile', '/nowhere']],
])('%s: 2, and what is wrong on stderr alone', async (_, argv) => {
  const { exitCode, stdout, stderr } = await runCli(argv);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).not.toBe('');
  expect(stderr).not.toContain('    at ');
});

test.each([['--help'], ['status', '--help'], ['--version']])('%s %s: 0, on stdout', async (...argv) => {
  const { exitCode, stdout, stderr } = await runCli(argv);
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).not.toBe('');
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('a reader that goes away is no defect', async () => {
  await using folder = await temporaryFolder();
  const sh = ['sh', '-c', '"$@" | true', 'sh'];
  const { stderr } = await runCli(['status', '--root', '/', '--store', folder.path], { by: sh });
  expect(stderr).toBe('');
});
