import { asFailure } from '../model/failure.ts';
import type { JobRequest, JobResult } from '../model/host-agent.ts';
import { openAccess } from './access.ts';
import { gcJob } from './gc-job.ts';
import type { Host } from './host.ts';
import type { HostContext } from './host-agent.ts';
import type { JobContext } from './jobs.ts';
import { lookAhead } from './look-ahead.ts';
import { prefetchScope } from './prefetch-job.ts';
import { upgradeJob } from './upgrade-job.ts';
import { verifyJob } from './verify-job.ts';

/** Does what somebody asked for. @throws Failure */
export async function runHostJob(
  request: JobRequest,
  host: Host,
  context: JobContext & HostContext,
): Promise<JobResult> {
  switch (request.operation) {
    case 'prefetch':
      return prefetchJob(request, host, context);
    case 'verify':
      return verifyJob(request, host, context);
    case 'gc':
      return gcJob(request, host, context);
    case 'upgrade': {
      const { apply, onlyStaged = false } = request;
      await upgradeJob(onlyStaged ? { kind: 'staged' } : { kind: 'upgrade', apply }, host, context);
      return {};
    }
  }
}

/** Looks ahead first, where the next OS image is meant too. */
async function prefetchJob(
  { images, scope }: Extract<JobRequest, { operation: 'prefetch' }>,
  host: Host,
  context: JobContext & HostContext,
): Promise<JobResult> {
  if (images.length === 0 && (scope === 'candidate' || scope === 'all')) {
    try {
      await using access = openAccess('/', undefined);
      await host.memory.setCandidate(await lookAhead(access, context.signal));
    } catch (error) {
      const failure = asFailure(error);
      // What the deployments lack is brought all the same.
      if (scope === 'candidate' || failure.code === 'Cancelled' || failure.code === 'Internal') throw failure;
      if (failure.code !== 'NotBootcHost')
        host.journal({
          name: 'look-ahead-failed',
          text: `The next OS image is not known: ${failure.message}`,
        });
    }
    await context.refresh();
  }
  return { images: await prefetchScope(scope, images, context, host.memory) };
}
