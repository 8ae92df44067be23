import { Failure } from '../model/failure.ts';
import { lastLine, runProgram } from '../system/run-program.ts';
import { type Candidate, parseBootcStatus } from './parse-bootc-status.ts';

/** `bootc status` waits for the sysroot's lock, which an upgrade holds for as long as it runs. */
const limitMs = 30_000;

/**
 * What the next `bootc upgrade` would stage.
 * @throws Failure `NotBootcHost`, `TimedOut`, `ProgramFailed`, `ProgramOutput`, `Cancelled`
 */
export async function readCandidate(signal: AbortSignal): Promise<Candidate> {
  const { exitCode, stdout, stderr } = await runStatus(signal);
  if (exitCode !== 0) throw new Failure('ProgramFailed', `bootc status failed: ${lastLine(stderr)}`);
  const candidate = parseBootcStatus(stdout.toString('utf8'));
  if (candidate === undefined)
    throw new Failure('NotBootcHost', 'bootc has not booted this host: name an OS image');
  return candidate;
}

async function runStatus(signal: AbortSignal): ReturnType<typeof runProgram> {
  try {
    return await runProgram('bootc', ['status', '--json', '--format-version=1'], { signal, limitMs });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code === 'ProgramMissing')
      throw new Failure('NotBootcHost', 'this is not a bootc host: name an OS image');
    if (error.code === 'TimedOut')
      throw new Failure('TimedOut', 'bootc is busy, perhaps with an upgrade: try again later');
    throw error;
  }
}
