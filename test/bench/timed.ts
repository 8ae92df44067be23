import { spawnSync } from 'node:child_process';

/**
 * Runs a program and says how long that took, in ms to a tenth.
 * @throws Error with what it printed where its exit status is not 0 or it does not print `says`.
 */
export function timed(program: string, argv: readonly string[], says = ''): number {
  const before = performance.now();
  const { status, stdout, stderr, error } = spawnSync(program, argv, { encoding: 'utf8' });
  const tookMs = Math.round((performance.now() - before) * 10) / 10;
  if (error !== undefined) throw error;
  if (status !== 0 || !stdout.includes(says))
    throw new Error(`${program} ${argv.join(' ')} ended with ${status}: ${stdout}${stderr}`);
  return tookMs;
}
