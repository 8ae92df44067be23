import { realpath } from 'node:fs/promises';
import { Failure } from '../model/failure.ts';
import { isUnit } from '../system/is-unit.ts';
import { lastLine, runProgram } from '../system/run-program.ts';

const sysroot = '/sysroot';

/**
 * Makes a store below /sysroot writable, which a bootc host mounts read-only: for us alone, in the mount namespace that our unit gives
 * us, as bootc does in its own. Started otherwise, nothing is touched.
 * @throws Failure `ProgramFailed`
 */
export async function remountSysroot(storePath: string): Promise<void> {
  if (!isUnit()) return;
  const path = await realpath(storePath).catch(() => storePath);
  if (!path.startsWith(`${sysroot}/`)) return;
  const { exitCode, stderr } = await runProgram('mount', ['-o', 'remount,rw,bind', sysroot], {
    limitMs: 30_000,
  });
  if (exitCode !== 0)
    throw new Failure('ProgramFailed', `${sysroot} cannot be made writable: ${lastLine(stderr)}`);
}
