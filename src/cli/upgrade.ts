import { Failure, type ExitStatus } from '../model/failure.ts';
import { agentOfHost } from './on-host.ts';
import { print, printJson } from './print.ts';
import { runJob } from './run-job.ts';

export interface UpgradeOptions {
  readonly apply?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/**
 * `bound-images upgrade`: has bootc stage what the registry has, so that it boots only with all its images; with `apply`, reboots into it.
 * @returns 0 where the next boot is ready, whether anything was new or not
 */
export async function upgrade(
  { apply = false, quiet = false, json = false }: UpgradeOptions,
  signal: AbortSignal,
): Promise<ExitStatus> {
  await using agent = await agentOfHost({}, signal);
  if (agent === undefined)
    throw new Failure('NotBootcHost', 'the agent is not installed here: upgrade works on a bootc host only');
  await runJob(agent, { operation: 'upgrade', apply }, signal, { quiet });
  // The host goes down now; whether it comes up well is for the next boot to say.
  if (apply) return 0;
  const { nextBoot } = await agent.state();
  if (json) printJson({ nextBoot });
  else if (!quiet) print([`Next boot: ${nextBoot.verdict}. ${nextBoot.reason}`]);
  return nextBoot.verdict === 'ready' ? 0 : 3;
}
