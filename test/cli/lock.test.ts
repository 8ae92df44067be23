import { expect, test } from 'vitest';
import { bound, makeRoot } from '../support/make-root.ts';
import { runCli } from './run-cli.ts';

const digest = `sha256:${'1'.repeat(64)}`;
const locked = bound('app.image', `[Image]\nImage=quay.io/ex/app@${digest}\n`);
const both = bound('app.image', `[Image]\nImage=quay.io/ex/app:1@${digest}\n`);
const floats = bound('app.image', '[Image]\nImage=quay.io/ex/app:1\n');
const bad = bound('app.image', '[Image]\nImage=docker://quay.io/ex/app:1\n');

test.for([
  ['locked', locked, ['--check'], 0],
  ['floating', floats, ['--check'], 3],
  ['floating, as JSON', floats, ['--check', '--json'], 3],
  ['tag and digest', both, ['--check'], 3],
  ['tag and digest where they are wanted', both, ['--check', '--keep-tag'], 0],
  ['locked, so no registry is asked', locked, [], 0],
  ['a definition without an image', bad, ['--check'], 4],
  ['nothing bound', {}, ['--check'], 0],
  ['both of check and dry run', locked, ['--check', '--dry-run'], 2],
] as const)('exit status: %s', async ([, nodes, argv, status]) => {
  const { exitCode } = await runCli(['lock', await makeRoot(nodes), ...argv]);
  expect(exitCode).toBe(status);
});

test('what a check prints', async () => {
  const { stdout, stderr } = await runCli([
    'lock',
    await makeRoot({ ...floats, ...bound('b.image', `[Image]\nImage=quay.io/ex/b@${digest}\n`) }),
    '--check',
  ]);
  expect({ stdout, stderr }).toEqual({
    stdout: `IMAGE             LOCK                   DIGEST
quay.io/ex/app:1  not locked
quay.io/ex/b      kept, of no known tag  111111111111

1 of 2 lines would be changed.
`,
    stderr: '',
  });
});

test('a folder that is not there is refused', async () => {
  expect(await runCli(['lock', '/not/there'])).toMatchObject({ exitCode: 2 });
});
