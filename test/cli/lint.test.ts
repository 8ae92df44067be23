import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bound, makeRoot } from '../support/make-root.ts';
import { runCli } from './run-cli.ts';

const digest = `sha256:${'1'.repeat(64)}`;
const storeLine = 'GlobalArgs=--storage-opt=additionalimagestore=/usr/lib/bootc/storage';
const clean = bound('app.container', `[Container]\nImage=quay.io/ex/app@${digest}\n${storeLine}\n`);
const floats = bound('app.container', `[Container]\nImage=quay.io/ex/app:1\n${storeLine}\n`);
const broken = bound('app.container', '[Container]\nImage=nginx:1\n');

test.for([
  ['nothing found', clean, [], 0],
  ['a note', {}, ['--strict'], 0],
  ['a warning', floats, [], 0],
  ['a warning, strict', floats, ['--strict'], 4],
  ['an error', broken, [], 4],
  ['an error as JSON', broken, ['--json'], 4],
  ['an error as SARIF', broken, ['--sarif'], 4],
  ['an error that is mended', broken, ['--fix'], 0],
  ['the store of another backend', clean, ['--store-mode=own'], 4],
  ['no such store mode', clean, ['--store-mode=x'], 2],
  ['two forms of output', clean, ['--json', '--sarif'], 2],
] as const)('exit status: %s', async ([, nodes, argv, status]) => {
  const { exitCode, stderr } = await runCli(['lint', await makeRoot(nodes), ...argv]);
  expect({ exitCode, stderr: status === 2 ? '' : stderr.replace(/^.*: mended\n/, '') }).toEqual({
    exitCode: status,
    stderr: '',
  });
});

test('what it prints', async () => {
  const { stdout } = await runCli(['lint', await makeRoot(broken)]);
  expect(stdout).toBe(`/usr/share/containers/systemd/app.container:2: error (no-store)
  podman does not look into the store of bound images for this unit: it pulls
  the image again, and fails without network. Add
  GlobalArgs=--storage-opt=additionalimagestore=/usr/lib/bootc/storage to
  [Container].

/usr/share/containers/systemd/app.container:2: warning (short-name)
  "nginx:1" names no registry: each host may resolve it otherwise. It is stored
  as "docker.io/library/nginx:1", and bootc's prune removes it after each
  upgrade. Write Image=docker.io/library/nginx:1

/usr/share/containers/systemd/app.container:2: warning (floating-tag)
  "nginx:1" is no digest: what it means can change, and bootc never fetches it
  again on a host that has it. Write the digest that it means now: bound-images
  lock does it.

1 bound image: 1 error, 2 warnings, 0 notes.
--fix mends 2 of them.
`);
});

test('the JSON document says of each finding why it matters and how it is mended', async () => {
  const rootPath = await makeRoot(floats);
  const { stdout } = await runCli(['lint', rootPath, '--json']);
  expect(JSON.parse(stdout)).toEqual({
    schema: 1,
    source: rootPath,
    boundImages: 1,
    storeMode: 'bootc',
    findings: [
      {
        file: '/usr/share/containers/systemd/app.container',
        line: 2,
        code: 'floating-tag',
        text: expect.stringContaining('"quay.io/ex/app:1" is no digest') as string,
        severity: 'warning',
        failsBootc: false,
        why: expect.stringContaining('tomorrow') as string,
        fix: expect.stringContaining('bound-images lock') as string,
        fixable: false,
      },
    ],
    edited: [],
  });
});

test('the paths of SARIF begin with a root that is named as the checkout has it', async () => {
  const rootPath = await makeRoot(floats);
  const { stdout } = await runCli(['lint', '--sarif', basename(rootPath)], {
    workingFolder: dirname(rootPath),
  });
  expect(stdout).toContain('"uri": "root/usr/share/containers/systemd/app.container"');
});

test('what is no folder and no image is refused, and an image is not mended', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bound-images-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const gone = await runCli(['lint', join(folder, 'gone')]);
  expect(gone).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('there is no such folder') as string,
  });
  const image = await runCli(['lint', '--fix', 'oci:layout']);
  expect(image).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is an image') as string });
});
