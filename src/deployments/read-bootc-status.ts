import { Failure } from '../model/failure.ts';
import { runOnHost } from '../system/run-on-host.ts';
import { lastLine, type ProgramResult } from '../system/run-program.ts';
import { type BootcStatus, parseBootcStatus } from './parse-bootc-status.ts';

/** `bootc status` waits for the sysroot's lock, which an upgrade holds for as long as it runs. */
const defaultLimitMs = 30_000;
const limitBytes = 4 * 2 ** 20;

/**
 * Asks bootc which deployment is which.
 * @throws Failure `NotBootcHost` (there is no bootc), `Busy` (it did not answer in time), `ProgramFailed`, `ProgramOutput`, `Cancelled`
 */
export async function readBootcStatus(signal: AbortSignal, limitMs = defaultLimitMs): Promise<BootcStatus> {
  const { exitCode, stdout, stderr } = await runStatus(signal, limitMs);
  if (exitCode !== 0) throw new Failure('ProgramFailed', `bootc status failed: ${lastLine(stderr)}`);
  return parseBootcStatus(stdout.toString('utf8'));
}

async function runStatus(signal: AbortSignal, limitMs: number): Promise<ProgramResult> {
  try {
    return await runOnHost('bootc', ['status', '--json', '--format-version=1'], {
      signal,
      limitMs,
      limitBytes,
    });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code === 'ProgramMissing')
      throw new Failure('NotBootcHost', 'this is not a bootc host: name an OS image');
    if (error.code === 'TimedOut')
      throw new Failure('Busy', 'bootc is busy, perhaps with an upgrade: try again later');
    throw error;
  }
}
