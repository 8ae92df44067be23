import { Failure, type ExitStatus } from '../model/failure.ts';
import { formatBytes } from './bytes.ts';
import { agentOfHost } from './on-host.ts';
import { print, printJson } from './print.ts';
import { runJob } from './run-job.ts';

export interface GcOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `bound-images gc`: removes what no deployment, candidate or container needs; with `dryRun`, only says what that is. */
export async function gc(
  { dryRun = false, json = false }: GcOptions,
  signal: AbortSignal,
): Promise<ExitStatus> {
  await using agent = await agentOfHost({}, signal);
  if (agent === undefined)
    throw new Failure('NotBootcHost', 'the agent is not installed here: gc works on a bootc host only');
  const { result } = await runJob(agent, { operation: 'gc', dryRun }, signal, { quiet: true });
  const { images = [], freedBytes = 0 } = result;
  if (json) printJson({ dryRun, images, freedBytes });
  else {
    const verb = dryRun ? 'Would remove' : 'Removed';
    print([
      ...images,
      images.length === 0 ? 'Nothing to remove.' : `${verb} ${images.length}, ${formatBytes(freedBytes)}.`,
    ]);
  }
  return 0;
}
