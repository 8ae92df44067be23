import { Command, CommanderError } from 'commander';
import { type ExitStatus, Failure } from '../model/failure.ts';
import type { GcOptions } from './gc.ts';
import type { HostPrefetchOptions, HostVerifyOptions } from './host-jobs.ts';
import type { StatusOptions } from './host-status.ts';
import { agentOfHost } from './on-host.ts';
import type { Place, PullPlace } from './place.ts';
import type { UpgradeOptions } from './upgrade.ts';
import type { ExtractOptions } from './extract.ts';
import type { LintCommandOptions } from './lint.ts';
import type { LockCommandOptions } from './lock.ts';
import type { MirrorOptions } from './mirror.ts';
import type { StampOptions } from './stamp.ts';
import { version } from '../prefetch/version.ts';

const osImageHelp = 'OS image: [docker://]REFERENCE, oci:DIR, oci-archive:FILE or containers-storage:NAME';

/**
 * Parses argv and runs the command. Commands are loaded when they are called: what a `status` does not need is not initialised.
 * @returns the exit status.
 */
export async function runProgramLine(argv: readonly string[], signal: AbortSignal): Promise<ExitStatus> {
  let status: ExitStatus = 0;
  const program = programTree(signal, (ended) => {
    status = ended;
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

/** Every command and option. The manual and the shells' completions are made of it too. */
export function programTree(signal: AbortSignal, end: (status: ExitStatus) => void): Command {
  const program = new Command('bound-images')
    .description(
      'Makes the app images that a bootc OS image is bound to present before that OS image can boot.',
    )
    .version(version)
    .exitOverride()
    .showHelpAfterError('(bound-images --help lists the commands)');

  withPlace(program.command('status'))
    .description('what is bound, and whether the store has it; of this host: what its agent says')
    .option('--watch', 'print it again whenever it changes (of this host only)')
    .option('--history', 'the last jobs that have ended, in its place (of this host only)')
    .action(async (options: StatusOptions & { readonly history?: boolean }) => {
      await using agent = await agentOfHost(options, signal);
      if (options.history === true) {
        if (agent === undefined)
          throw new Failure('Usage', '--history is what the agent of a host remembers: there is none here');
        end(await (await import('./host-history.ts')).hostHistory(agent, options));
      } else if (agent === undefined) end(await (await import('./status.ts')).status(options, signal));
      else end(await (await import('./host-status.ts')).hostStatus(agent, options, signal));
    });
  withLogin(withPlace(program.command('plan')))
    .description(
      'what IMAGE, or a root, needs, to be fetched and on disk; of neither: the next OS image. Changes nothing',
    )
    .argument('[image]', osImageHelp)
    .action(async (image: string | undefined, place: PullPlace) => {
      const { plan } = await import('./plan.ts');
      end(await plan(image, place, signal));
    });
  withLogin(withPlace(program.command('prefetch')))
    .description(
      'make present every image that a root, or IMAGE, binds; of this host: what its deployments and its next OS image bind',
    )
    .argument('[image]', osImageHelp)
    .option('--quiet', 'print nothing but errors (of this host only)')
    .option(
      '--scheduled',
      'obey the download window, metered networks, the daily limit and what has given up (of this host only)',
    )
    .action(async (image: string | undefined, options: PullPlace & HostPrefetchOptions) => {
      // What the agent, in a unit of its own, would not see is brought without it.
      const isOwn =
        options.authfile !== undefined || /^(?:oci|oci-archive|containers-storage):/.test(image ?? '');
      await using agent = isOwn ? undefined : await agentOfHost(options, signal);
      if (agent === undefined) end(await (await import('./prefetch.ts')).prefetch(image, options, signal));
      else end(await (await import('./host-jobs.ts')).hostPrefetch(agent, image, options, signal));
    });
  withPlace(program.command('verify'))
    .description('check that every bound image is there and whole')
    .option('--deep', 'read every layer, and hold it against its digest (of this host only)')
    .option('--repair', 'bring again what is missing or damaged (of this host only)')
    .option('--boot', 'of the booted OS alone, as strictly as boot.verify in bound-images.toml(5) says')
    .action(async (options: Place & HostVerifyOptions) => {
      await using agent = await agentOfHost(options, signal);
      if (agent === undefined) end(await (await import('./verify.ts')).verify(options, signal));
      else end(await (await import('./host-jobs.ts')).hostVerify(agent, options, signal));
    });
  program
    .command('upgrade')
    .description('have bootc stage what the registry has, so that it boots only with all its images')
    .option('--apply', 'reboot into it once it has them')
    .option('--quiet', 'print nothing but errors')
    .option('--json', 'print one JSON document')
    .action(async (options: UpgradeOptions) => {
      end(await (await import('./upgrade.ts')).upgrade(options, signal));
    });
  program
    .command('gc')
    .description('remove what no deployment, no container and not the next OS image needs')
    .option('--dry-run', 'remove nothing, and say what would go')
    .option('--json', 'print one JSON document')
    .action(async (options: GcOptions) => {
      end(await (await import('./gc.ts')).gc(options, signal));
    });
  program
    .command('agent', { hidden: true })
    .description('serve org.boundimages1 on the system bus; started by bound-images.service')
    .action(async () => {
      end(await (await import('./agent.ts')).serveAgent(signal));
    });

  withLogin(program.command('inspect'))
    .description('what an OS image binds, without pulling it')
    .argument('<image>', osImageHelp)
    .option('--json', 'print one JSON document')
    .action(async (image: string, options: PullPlace) => {
      const { inspect } = await import('./inspect.ts');
      end(await inspect(image, options, signal));
    });

  withLogin(program.command('lint'))
    .description(
      'find what is wrong with what an OS image binds, before it is installed; made for RUN bound-images lint in a Containerfile. ' +
        'Exits with 4 where something is an error',
    )
    .argument('[root]', `folder of a root, or ${osImageHelp}`, '/')
    .option('--online', 'ask the registries whether every image is there')
    .option(
      '--arch <names>',
      "architectures that the OS image is for, as Go names them, with commas between (default: this host's)",
    )
    .option(
      '--store-mode <mode>',
      'store that the units have to name, bootc or own (default: as the root says)',
    )
    .option('--fix', 'mend what needs no judgement, in the files of the root')
    .option('--strict', 'fail for warnings too')
    .option('--json', 'print one JSON document')
    .option('--sarif', 'print a SARIF 2.1.0 log, for code scanners')
    .action(async (name: string, options: LintCommandOptions) => {
      const { lint } = await import('./lint.ts');
      end(await lint(name, options, signal));
    });
  withLogin(program.command('lock'))
    .description(
      'write the digests that tags mean now into the quadlets of what a root binds, and the tag into a comment above; all else in them ' +
        'stays byte for byte',
    )
    .argument('[root]', 'folder of a root, or one of quadlets', '/')
    .option('--update', 'move what is locked already to what its tag means now')
    .option(
      '--check',
      'write nothing, and exit with 3 where something is not locked (with --update: or is behind)',
    )
    .option('--dry-run', 'write nothing, and say what would be written')
    .option(
      '--keep-tag',
      'write REPOSITORY:TAG@DIGEST and no comment; where bootc itself pulls such a name, it prunes it',
    )
    .option('--json', 'print one JSON document')
    .action(async (root: string, options: LockCommandOptions) => {
      const { lock } = await import('./lock.ts');
      end(await lock(root, options, signal));
    });
  withLogin(program.command('stamp'))
    .description(
      "write what an OS image binds, as its layers say, into a label of it, so that it is known without them. The image's digest " +
        'changes, so sign it afterwards; its layers stay as they are, and of an index each image is stamped',
    )
    .argument(
      '[image]',
      'OS image: REGISTRY/REPOSITORY:TAG or oci:DIR[:TAG]; to print, anything that inspect takes',
    )
    .option('--root <dir>', 'root of an image that is being built, in place of IMAGE')
    .option(
      '--print',
      'print LABEL=VALUE, for podman build --label or buildah config --label, and write nothing',
    )
    .option('--contentmeta <file>', "write it among the labels of ostree's --contentmeta JSON instead")
    .option('--json', 'print one JSON document')
    .action(async (image: string | undefined, options: StampOptions) => {
      const { stamp } = await import('./stamp.ts');
      end(await stamp(image, options, signal));
    });
  withLogin(program.command('mirror'))
    .description(
      'copy an OS image and everything that it binds, by digest and with their signatures, to where there is no network. What is there ' +
        'already is not copied again, and a run that was cut goes on where it stopped',
    )
    .argument(
      '<image>',
      'OS image: [docker://]REFERENCE; or a set that was mirrored: oci:DIR[:TAG], oci-archive:FILE[:TAG]',
    )
    .requiredOption('--to <target>', 'docker://REGISTRY/PREFIX, oci:DIR or oci-archive:FILE')
    .option('--tag <tag>', 'what the OS image is called there (default: its own tag)')
    .option('--arch <names>', 'architectures, as Go names them, with commas between (default: all)')
    .option('--dry-run', 'copy nothing, and say what would be')
    .option(
      '--print-registries-conf',
      "print a drop-in of registries.conf.d that makes the site's hosts use the registry under the original names",
    )
    .option('--json', 'print one JSON document: the map of names')
    .action(async (image: string, options: MirrorOptions) => {
      const { mirror } = await import('./mirror.ts');
      end(await mirror(image, options, signal));
    });
  withPlace(program.command('import'))
    .description(
      'make present every image that an OS image binds, out of a set that was mirrored with it, without network; and say how bootc ' +
        'stages the OS image from there',
    )
    .argument('<source>', 'oci:DIR[:TAG], oci-archive:FILE[:TAG] or containers-storage:NAME')
    .action(async (source: string, options: Place) => {
      const { importFrom } = await import('./import.ts');
      end(await importFrom(source, options, signal));
    });
  withLogin(program.command('extract'))
    .description(
      'write files out of an image or an OCI artifact into a folder, without a container runtime. They lie there as in the image, ' +
        'with their modes but without setuid and setgid bits, and with links as they are; nothing is written outside of the folder. ' +
        'A SHA256SUM beside them in the image is checked',
    )
    .argument('<image>', osImageHelp)
    .argument('<path...>', 'file or folder in the image, with all below it; / for everything')
    .requiredOption('--to <dir>', 'folder that they are written to; made where it is not there')
    .option('--arch <name>', "architecture, as Go names it (default: this host's)")
    .option('--os <name>', 'operating system', 'linux')
    .option('--json', 'print one JSON document')
    .action(async (image: string, paths: readonly string[], options: ExtractOptions) => {
      const { extract } = await import('./extract.ts');
      end(await extract(image, paths, options, signal));
    });
  return program;
}

function withPlace(command: Command): Command {
  return command
    .option('--root <dir>', 'folder that the definitions are read from (default: /)')
    .option(
      '--store <dir>',
      "containers-storage to use (default: bootc's, of the host or of the root that is given)",
    )
    .option('--json', 'print one JSON document');
}

function withLogin(command: Command): Command {
  return command.option(
    '--authfile <file>',
    "registry logins (default: the first of bootc's auth.json files)",
  );
}
