import type { JobRequest, JobResult } from '../model/host-agent.ts';
import { findFaults } from './find-faults.ts';
import type { Host } from './host.ts';
import type { HostContext } from './host-agent.ts';
import type { JobContext } from './jobs.ts';
import { repairOnHost } from './repair-on-host.ts';

/**
 * The job `verify`: whether every image of a scope is there and whole. With `repair`, brings again what is not.
 * @returns in `damaged` the references that are not there and whole in the end, missing ones among them
 * @throws Failure of a repair, `Cancelled`
 */
export async function verifyJob(
  request: Extract<JobRequest, { operation: 'verify' }>,
  host: Host,
  context: JobContext & HostContext,
): Promise<JobResult> {
  const faults = await findFaults(request, host, context);
  const images = faults.map(({ want }) => want.image);
  if (!request.repair || faults.length === 0) return { damaged: images };
  await repairOnHost(faults, host, context);
  await context.refresh();
  const left = await findFaults({ ...request, images }, host, context);
  return { damaged: left.map(({ want }) => want.image) };
}
