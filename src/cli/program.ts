import { Command, CommanderError } from 'commander';
import { type ExitStatus, Failure } from '../model/failure.ts';
import { version } from '../agent/version.ts';

/** Where a command looks and what it prints; the same for every command that reads a root and a store. */
export interface Place {
  readonly root: string;
  readonly store?: string;
  readonly json?: boolean;
}

/** Of commands that ask registries too. */
export interface PullPlace extends Place {
  readonly authfile?: string;
}

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

  withPlace(program.command('status'))
    .description('what is bound, and whether the store has it')
    .action(async (place: Place) => {
      const { status: run } = await import('./status.ts');
      status = await run(place, signal);
    });
  withLogin(withPlace(program.command('plan')))
    .description('what a prefetch would fetch, and the space it needs; changes nothing')
    .action(async (place: PullPlace) => {
      const { plan } = await import('./plan.ts');
      status = await plan(place, signal);
    });
  withLogin(withPlace(program.command('prefetch')))
    .description('make every bound image present')
    .action(async (place: PullPlace) => {
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

function withPlace(command: Command): Command {
  return command
    .option('--root <dir>', 'folder that the definitions are read from', '/')
    .option('--store <dir>', "containers-storage to use (default: bootc's, of a bootc host)")
    .option('--json', 'print one JSON document');
}

function withLogin(command: Command): Command {
  return command.option(
    '--authfile <file>',
    "registry logins (default: the first of bootc's auth.json files)",
  );
}
