import { Command, CommanderError, Option } from 'commander';
import { Failure } from '../model/failure.ts';
import { version } from './version.ts';

/** Where a command looks and what it prints; the same for every command that reads a root and a store. */
export interface Place {
  readonly root: string;
  readonly store?: string;
  readonly json?: boolean;
}

/** Sets `process.exitCode`-worthy status: each command's action ends in one (bound-images(1), "Exit status"). */
export type ExitStatus = 0 | 1 | 2 | 3 | 4 | 5;

/**
 * Parses argv and runs the command. Commands are loaded when they are called: what a `status` does not need is not initialised.
 * @returns the exit status.
 */
export async function runProgramLine(argv: readonly string[], signal: AbortSignal): Promise<ExitStatus> {
  let status: ExitStatus = 0;
  const program = new Command('bound-images')
    .description(
      'Makes the app images that a bootc OS image is bound to present before that OS image can boot.',
    )
    .version(version)
    .exitOverride()
    .showHelpAfterError('(bound-images --help lists the commands)');

  const withPlace = (command: Command): Command =>
    command
      .option('--root <dir>', 'folder that the definitions are read from', '/')
      .option('--store <dir>', "containers-storage to use (default: bootc's, of a bootc host)")
      .addOption(new Option('--json', 'print one JSON document'));

  withPlace(program.command('status'))
    .description('what is bound, and whether the store has it')
    .action(async (place: Place) => {
      const { status: run } = await import('./status.ts');
      status = await run(place, signal);
    });
  withPlace(program.command('plan'))
    .description('what a prefetch would fetch, and the space it needs; changes nothing')
    .action(async (place: Place) => {
      const { plan } = await import('./plan.ts');
      status = await plan(place, signal);
    });
  withPlace(program.command('prefetch'))
    .description('make every bound image present')
    .action(async (place: Place) => {
      const { prefetch } = await import('./prefetch.ts');
      status = await prefetch(place, signal);
    });
  withPlace(program.command('verify'))
    .description('check that every bound image is there and whole')
    .action(async (place: Place) => {
      const { verify } = await import('./verify.ts');
      status = await verify(place, signal);
    });

  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    // Commander has printed what it had to say; --help and --version end here too, with 0.
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? 0 : new Failure('Usage', error.message).exitStatus;
    throw error;
  }
  return status;
}
