import { Command, CommanderError } from 'commander';
import { type ExitStatus, Failure } from '../model/failure.ts';
import type { Place, PullPlace } from './place.ts';
import { version } from '../agent/version.ts';

const osImageHelp = 'OS image: [docker://]REFERENCE, oci:DIR, oci-archive:FILE or containers-storage:NAME';

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
    .description(
      'what IMAGE, or a root, needs, to be fetched and on disk; of neither: the next OS image. Changes nothing',
    )
    .argument('[image]', osImageHelp)
    .action(async (image: string | undefined, place: PullPlace) => {
      const { plan } = await import('./plan.ts');
      status = await plan(image, place, signal);
    });
  withLogin(withPlace(program.command('prefetch')))
    .description('make present every image that a root, or IMAGE, binds')
    .argument('[image]', osImageHelp)
    .action(async (image: string | undefined, place: PullPlace) => {
      const { prefetch } = await import('./prefetch.ts');
      status = await prefetch(image, place, signal);
    });
  withPlace(program.command('verify'))
    .description('check that every bound image is there and whole')
    .action(async (place: Place) => {
      const { verify } = await import('./verify.ts');
      status = await verify(place, signal);
    });

  withLogin(program.command('inspect'))
    .description('what an OS image binds, without pulling it')
    .argument('<image>', osImageHelp)
    .option('--json', 'print one JSON document')
    .action(async (image: string, options: PullPlace) => {
      const { inspect } = await import('./inspect.ts');
      status = await inspect(image, options, signal);
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
    .option('--root <dir>', 'folder that the definitions are read from (default: /)')
    .option('--store <dir>', "containers-storage to use (default: bootc's, of a bootc host)")
    .option('--json', 'print one JSON document');
}

function withLogin(command: Command): Command {
  return command.option(
    '--authfile <file>',
    "registry logins (default: the first of bootc's auth.json files)",
  );
}
