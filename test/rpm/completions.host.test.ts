// In the real shells, and the manual before the real mandoc.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandLines } from '../../rpm/command.ts';
import { bashCompletion } from '../../rpm/completions/bash.ts';
import { fishCompletion } from '../../rpm/completions/fish.ts';
import { zshCompletion } from '../../rpm/completions/zsh.ts';
import { manualPages } from '../../rpm/manual/pages.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const lines = commandLines();
const commands = lines.flatMap(({ name }) => (name === '' ? [] : name)).sort();
const flags = (command: string): string[] =>
  (lines.find(({ name }) => name === command)?.options ?? []).flatMap(({ names }) => names).sort();

async function say(
  argv: readonly [string, ...string[]],
  env: Record<string, string> = {},
): Promise<string[]> {
  const [program, ...rest] = argv;
  const { exitCode, stdout, stderr } = await runProgram(program, rest, {
    limitMs: 30_000,
    env,
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout
    .toString('utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

test('bash completes commands, options and folders', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'completion');
  await writeFile(path, bashCompletion(lines));
  await mkdir(join(folder.path, 'roots', 'a root'), { recursive: true });
  const script = `. '${path}'; compopt() { :; }; COMP_WORDS=(bound-images "$@"); COMP_CWORD=$#; _bound_images; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const complete = async (...words: string[]): Promise<string[]> =>
    (await say(['bash', '--norc', '-uc', script, 'bash', ...words])).sort();
  expect(await complete('pre')).toEqual(['prefetch']);
  expect(await complete('')).toEqual([...commands, ...flags('')].sort());
  for (const command of commands) expect(await complete(command, '-')).toEqual(flags(command));
  expect(await complete('status', '--root', `${folder.path}/roots/`)).toEqual([
    `${folder.path}/roots/a root`,
  ]);
});

test('fish completes commands and options', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'completion.fish');
  await writeFile(path, fishCompletion(lines));
  const complete = async (text: string): Promise<string[]> => {
    const argv = ['fish', '--no-config', '-c', `source '${path}'; complete --do-complete '${text}'`] as const;
    const found = await say([...argv], { HOME: folder.path });
    return found.map((line) => line.split('\t')[0] ?? '').sort();
  };
  expect(await complete('bound-images ')).toEqual(commands);
  for (const command of commands)
    expect(await complete(`bound-images ${command} --`)).toEqual(
      flags(command).filter((flag) => flag.startsWith('--')),
    );
});

test('zsh takes it for a completion of its own', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, '_bound-images'), zshCompletion(lines));
  const script = `fpath=('${folder.path}' $fpath); autoload -Uz compinit; compinit -u -d '${folder.path}/dump'; print $_comps[bound-images]; autoload +X _bound-images && whence -f _bound-images`;
  const [name, ...rest] = await say(['zsh', '-f', '-c', script]);
  expect(name).toBe('_bound-images');
  for (const command of commands)
    for (const flag of flags(command)) expect(rest.join('\n')).toContain(`'${flag}[`);
});

test('mandoc finds nothing wrong with the manual', async () => {
  await using folder = await temporaryFolder();
  for (const { name, text } of await manualPages(join(import.meta.dirname, '..', '..'))) {
    await writeFile(join(folder.path, name), text);
    expect(await say(['mandoc', '-T', 'lint', '-W', 'warning', join(folder.path, name)])).toEqual([]);
    expect((await say(['mandoc', '-T', 'utf8', join(folder.path, name)])).length).toBeGreaterThan(20);
  }
});
