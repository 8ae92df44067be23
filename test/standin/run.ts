import { type SpawnSyncOptions, spawnSync } from 'node:child_process';

/** What a program printed. @throws Error with what it said where it does not end with 0 */
export function run(argv: readonly string[], options: SpawnSyncOptions = {}): string {
  const { status, stdout, stderr } = tryRun(argv, options);
  if (status !== 0) throw new Error(`${argv[0]} failed: ${stderr.trim()}`);
  return stdout;
}

export function tryRun(
  [program = '', ...argv]: readonly string[],
  options: SpawnSyncOptions = {},
): { readonly status: number; readonly stdout: string; readonly stderr: string } {
  const result = spawnSync(program, argv, {
    ...options,
    env: { ...process.env, OSTREE_SYSROOT_DEBUG: 'mutable-deployments' },
    maxBuffer: 2 ** 28,
  });
  if (result.error !== undefined) throw result.error;
  return { status: result.status ?? 128, stdout: String(result.stdout), stderr: String(result.stderr) };
}
