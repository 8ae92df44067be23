// What docs/lint.md promises of a Containerfile: a build ends at `RUN bound-images lint` where a host would miss an image.
import { copyFile, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { type ProgramResult, runProgram } from '../../src/system/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const project = join(import.meta.dirname, '..', '..');
const libraries = `/usr/lib/${(await readdir('/usr/lib')).find((name) => name.endsWith('-linux-gnu'))}`;
/** The image has a shell of its own; node and its libraries are lent by the host. */
const lent = {
  [process.execPath]: '/usr/bin/node',
  [libraries]: libraries.slice('/usr'.length),
  '/usr/lib64': '/lib64',
  [project]: project,
};
// The hosts of the tests may not raise any.
const limits = ['--ulimit=nofile=1024', '--ulimit=nproc=1024'];
const quadlet = '/usr/share/containers/systemd/app.container';

/** The Containerfile of docs/lint.md, of an OS that binds one app. */
async function build(app: string): Promise<ProgramResult> {
  await using folder = await temporaryFolder();
  const root = join(folder.path, 'rootfs');
  const links = join(root, 'usr/lib/bootc/bound-images.d');
  for (const each of [links, join(root, dirname(quadlet)), join(root, 'bin')])
    await mkdir(each, { recursive: true });
  await copyFile('/bin/busybox', join(root, 'bin/sh'));
  const program = `#!/bin/sh\nexec node ${project}/src/main.ts "$@"\n`;
  await writeFile(join(root, 'bin/bound-images'), program, { mode: 0o755 });
  await writeFile(join(root, quadlet), app);
  await symlink(quadlet, join(links, 'app.container'));
  await writeFile(
    join(folder.path, 'Containerfile'),
    'FROM scratch\nCOPY rootfs/ /\nRUN bound-images lint\n',
  );
  const stores = [`--root=${folder.path}/store`, `--runroot=${folder.path}/run`, '--storage-driver=overlay'];
  const volumes = Object.entries(lent).map(([from, to]) => `--volume=${from}:${to}:ro`);
  return await runProgram('buildah', [...stores, 'build', ...limits, ...volumes, folder.path]);
}

test('a host that would have its image lets the image be built', async () => {
  const lines = [
    '[Container]',
    `Image=registry.example.com/app@sha256:${'1'.repeat(64)}`,
    'GlobalArgs=--storage-opt=additionalimagestore=/usr/lib/bootc/storage',
  ];
  const { exitCode, stdout, stderr } = await build(`${lines.join('\n')}\n`);
  expect(exitCode, `${stdout.toString()}${stderr}`).toBe(0);
});

test('a unit that would not find its image ends the build, and says how to mend it', async () => {
  const { exitCode, stdout } = await build('[Container]\nImage=registry.example.com/app:1\n');
  expect(exitCode).not.toBe(0);
  expect(stdout.toString()).toContain(`${quadlet}:2`);
  expect(stdout.toString()).toContain('GlobalArgs=--storage-opt=additionalimagestore=/usr/lib/bootc/storage');
});
