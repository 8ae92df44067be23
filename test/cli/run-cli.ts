import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface CliResult {
  /** -1 where a signal ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly pid: number;
  readonly result: Promise<CliResult>;
  kill(signal: NodeJS.Signals): void;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What the program is run by: `unshare --net`, `script`. */
  readonly by?: readonly string[];
  readonly workingFolder?: string;
}

const programPath = join(import.meta.dirname, '../../src/main.ts');

/** The argument vector of the program, as it is in this checkout. */
function cliArgv(...argv: readonly string[]): string[] {
  return [process.execPath, programPath, ...argv];
}

export function startCli(argv: readonly string[], options: CliOptions = {}): RunningCli {
  const [program = '', ...rest] = [...(options.by ?? []), ...cliArgv(...argv)];
  // What the test runner sets for itself (colours, loaders) is no part of a user's environment.
  const { PATH = '', HOME = '/root', TMPDIR = '/var/tmp' } = process.env;
  const child = spawn(program, rest, {
    cwd: options.workingFolder ?? '/',
    env: { PATH, HOME, TMPDIR, LANG: 'C.UTF-8', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const result = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]).then(
    ([[status], stdout, stderr]) => ({ exitCode: typeof status === 'number' ? status : -1, stdout, stderr }),
  );
  return { pid: child.pid ?? 0, result, kill: (signal) => void child.kill(signal) };
}

/** Runs the program to its end. */
export async function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(argv, options).result;
}
