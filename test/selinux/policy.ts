import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../src/system/run-program.ts';
import { cacheFolder } from '../host/root.ts';
import { builtRoot } from '../machine/root.ts';

const sources = join(import.meta.dirname, '..', '..', 'selinux');

export interface Policy extends AsyncDisposable {
  /**
   * The allow rules that sesearch(1) finds, one a line, attributes expanded: `allow SOURCE TARGET:CLASS { PERMISSIONS };`
   * @param terms such as `-s`, `boundimages_t`, `-c`, `process`
   */
  allowed(...terms: string[]): Promise<string[]>;
  /** The type that a new file or process gets, by the same terms. */
  transitions(...terms: string[]): Promise<string[]>;
}

/** Compiles the module, and the policy of the test machine with it. Needs root. @throws Error with what the compiler says */
export async function buildPolicy(): Promise<Policy> {
  const work = await mkdtemp(join(cacheFolder, 'policy-'));
  const policy = join(work, 'policy.33');
  try {
    for (const name of await readdir(sources)) await copyFile(join(sources, name), join(work, name));
    const make = ['-C', work, '-f', '/usr/share/selinux/devel/Makefile', 'NAME=default', 'boundimages.pp'];
    const said = await run('make', ...make);
    if (/warning/i.test(said)) throw new Error(`the module compiles with warnings:\n${said}`);
    const script = join(import.meta.dirname, 'policy.sh');
    await run(
      'unshare',
      '--mount',
      'sh',
      script,
      await builtRoot(),
      work,
      join(work, 'boundimages.pp'),
      policy,
    );
  } catch (error) {
    await rm(work, { recursive: true });
    throw error;
  }
  const search = async (kind: string, terms: readonly string[]): Promise<string[]> => {
    const said = await run('sesearch', kind, ...terms, policy);
    return said.split('\n').filter((line) => line !== '');
  };
  return {
    allowed: async (...terms) => search('--allow', terms),
    transitions: async (...terms) => search('--type_trans', terms),
    [Symbol.asyncDispose]: async () => rm(work, { recursive: true }),
  };
}

async function run(program: string, ...argv: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram(program, argv, { limitMs: 120_000 });
  if (exitCode !== 0)
    throw new Error(`${program} ${argv.join(' ')} ended with ${exitCode}: ${stdout.toString()}${stderr}`);
  return stdout.toString('utf8');
}
