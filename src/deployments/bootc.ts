import { Failure } from '../model/failure.ts';
import { runOnHost } from '../system/run-on-host.ts';
import { lastLine } from '../system/run-program.ts';
import { classifyBootc } from './classify-bootc.ts';

export interface BootcOptions {
  readonly signal?: AbortSignal | undefined;
  /** Wall-clock limit; an upgrade takes what the network takes. */
  readonly limitMs?: number;
  /** Called with each line that the program says of its progress. */
  readonly onLine?: (line: string) => void;
}

const defaultLimitMs = 6 * 3_600_000;
const helpLimitMs = 30_000;
const lockLimitMs = 60_000;

/** Whether this bootc stages locked. Asked of its own help: distributions carry changes back without a new version number. */
export async function supportsDownloadOnly(options: BootcOptions = {}): Promise<boolean> {
  const help = await say('bootc', ['upgrade', '--help'], { limitMs: helpLimitMs, ...options });
  return help.includes('--download-only') && help.includes('--from-downloaded');
}

/** Has bootc look for an update: its digest is then the booted entry's `updateDigest`. @throws Failure as `stageLocked` */
export async function upgradeCheck(options: BootcOptions = {}): Promise<void> {
  await say('bootc', ['upgrade', '--check'], options);
}

/**
 * Stages the newest OS image so that no reboot applies it, or locks what is staged. The staged deployment may be there even
 * where this fails: bootc pulls bound images after it has staged.
 * @throws Failure `Transient`, `Authentication`, `NotFound`, `Policy`, `NoSpace`, `ProgramFailed`, `ProgramMissing`, `TimedOut`, `Cancelled`
 */
export async function stageLocked(options: BootcOptions = {}): Promise<void> {
  await say('bootc', ['upgrade', '--download-only', '--quiet'], options);
}

/** Stages the newest OS image for the next boot, as bootc without `--download-only` has to. @throws Failure as `stageLocked` */
export async function stage(options: BootcOptions = {}): Promise<void> {
  await say('bootc', ['upgrade', '--quiet'], options);
}

/** Unlocks what is staged, without network. @param reboot and reboots at once @throws Failure as `stageLocked` */
export async function applyDownloaded(reboot: boolean, options: BootcOptions = {}): Promise<void> {
  await say('bootc', ['upgrade', '--from-downloaded', ...(reboot ? ['--apply'] : [])], options);
}

/** Locks what is staged, whoever staged it; does nothing to a locked one. @throws Failure `NotFound` (nothing is staged), `ProgramFailed` */
export async function lockFinalization(options: BootcOptions = {}): Promise<void> {
  await say('ostree', ['admin', 'lock-finalization'], { limitMs: lockLimitMs, ...options });
}

/** @throws Failure `NotFound` (nothing is staged), `ProgramFailed` */
export async function unlockFinalization(options: BootcOptions = {}): Promise<void> {
  await say('ostree', ['admin', 'lock-finalization', '--unlock'], { limitMs: lockLimitMs, ...options });
}

async function say(
  program: 'bootc' | 'ostree',
  argv: readonly string[],
  options: BootcOptions,
): Promise<string> {
  const { signal, limitMs = defaultLimitMs, onLine } = options;
  const { exitCode, stdout, stderr } = await runOnHost(program, argv, {
    signal,
    limitMs,
    ...(onLine === undefined ? {} : { onErrorLine: onLine }),
  });
  if (exitCode === 0) return stdout.toString('utf8');
  throw new Failure(classifyBootc(stderr), `${program} ${argv.join(' ')} failed: ${lastLine(stderr)}`);
}
