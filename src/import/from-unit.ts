import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, constants, realpath } from 'node:fs/promises';
import { once } from 'node:events';
import { Failure } from '../model/failure.ts';
import { isUnit } from '../system/is-unit.ts';
import { runProgram } from '../system/run-program.ts';

const sysroot = '/sysroot';
/** What a command of ours goes by; a unit has none of it by itself. */
const inherited = ['HOME', 'LANG', 'NO_COLOR', 'PATH', 'TERM', 'TMPDIR', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME'];

/**
 * Runs this very command again as a unit with mounts of its own, where it writes a store on a host whose /sysroot is read-only, as
 * bootc's is: there it can be made writable, and for nobody else.
 * @returns the exit status; undefined where that is not needed, or does not help
 */
export async function runAsUnit(storePath: string, signal: AbortSignal): Promise<number | undefined> {
  if (isUnit() || process.getuid?.() !== 0 || !existsSync('/run/systemd/system')) return undefined;
  const path = await realpath(storePath).catch(() => storePath);
  if (!path.startsWith(`${sysroot}/`) || !(await isReadOnly(sysroot))) return undefined;
  const unit = `bound-images-import-${randomBytes(4).toString('hex')}.service`;
  const environment = inherited.flatMap((name) =>
    process.env[name] === undefined ? [] : [`--setenv=${name}=${process.env[name]}`],
  );
  const options = ['--pipe', '--wait', '--collect', '--quiet', '--same-dir', '--property=PrivateMounts=yes'];
  const child = spawn(
    'systemd-run',
    [...options, `--unit=${unit}`, ...environment, '--', process.execPath, ...process.argv.slice(1)],
    { stdio: 'inherit' },
  );
  const stop = (): void => {
    // It ends in order, and systemd-run with it.
    void runProgram('systemctl', ['stop', '--no-block', unit]).catch(() => undefined);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const [status] = (await once(child, 'exit')) as [number | null];
    if (signal.aborted) throw new Failure('Cancelled', 'the import was cancelled');
    return status ?? 1;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function isReadOnly(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}
