import { randomBytes } from 'node:crypto';
import { isUnit } from './is-unit.ts';
import { type ProgramOptions, type ProgramResult, runProgram } from './run-program.ts';

/**
 * Runs a program that changes the host itself, as bootc does. Where we are a unit, whose mounts, capabilities and system calls are
 * confined, it becomes a unit of its own beside us: it does not end half-way when we are killed, only when we are told to.
 * @throws Failure as `runProgram`
 */
export async function runOnHost(
  program: string,
  argv: readonly string[],
  options: Omit<ProgramOptions, 'env' | 'input'> = {},
): Promise<ProgramResult> {
  if (!isUnit()) return runProgram(program, argv, options);
  const unit = `bound-images-${program}-${randomBytes(4).toString('hex')}.service`;
  const stop = (): void => {
    // Told so, systemd ends it in order; what comes of that is seen by its being gone.
    void runProgram('systemctl', ['stop', '--no-block', unit]).catch(() => undefined);
  };
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    const run = ['--pipe', '--wait', '--collect', '--quiet', `--unit=${unit}`, '--', program, ...argv];
    return await runProgram('systemd-run', run, options);
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}
