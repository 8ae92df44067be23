import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

/** What the linter says, with the project's own configuration, of one file of a folder of src/. */
async function lintStage(
  text: string,
  stage = 'plan',
): Promise<{ exitCode: number | undefined; stdout: string }> {
  await using folder = await temporaryFolder();
  await cp(join(project, '.oxlintrc.json'), join(folder.path, '.oxlintrc.json'));
  await mkdir(join(folder.path, 'src', stage), { recursive: true });
  await writeFile(join(folder.path, 'src', stage, 'stage.ts'), text);
  const oxlint = join(project, 'node_modules/.bin/oxlint');
  const { exitCode, stdout } = await execa(oxlint, ['src'], { cwd: folder.path, reject: false });
  return { exitCode, stdout };
}

it('refuses a stage that imports another stage', async () => {
  const { exitCode, stdout } = await lintStage(
    "export { readInventory } from '../store/read-inventory.ts';\n",
  );
  expect(stdout).toContain('A stage imports only model/ and system/');
  expect(exitCode).toBe(1);
});

it.each([
  ['prefetch', "export { openAgent } from '../agent/open-agent.ts';\n", 'knows nobody above it'],
  ['mirror', "export { lint } from '../lint/lint.ts';\n", 'Commands stand side by side'],
])('refuses what %s must not know', async (folder, text, message) => {
  const { exitCode, stdout } = await lintStage(text, folder);
  expect(stdout).toContain(message);
  expect(exitCode).toBe(1);
});

it('lets a stage import the model', async () => {
  expect(await lintStage("export { asDigest } from '../model/digest.ts';\n")).toMatchObject({ exitCode: 0 });
});
