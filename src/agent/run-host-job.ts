import { asFailure } from '../model/failure.ts';
import type { JobRequest, JobResult } from '../model/host-agent.ts';
import { openAccess } from '../prefetch/access.ts';
import { gcJob } from './gc-job.ts';
import type { Host } from './host.ts';
import type { HostContext } from './host-agent.ts';
import type { JobContext } from './jobs.ts';
import { lookAhead, readKnown } from './look-ahead.ts';
import { prefetchScope } from './prefetch-job.ts';
import { checkFetching } from './host-fetching.ts';
import { runScheduled } from './scheduled-prefetch.ts';
import { surveyOf } from '../prefetch/survey.ts';
import { type Binder, checkRead, type HostSurvey } from './survey-host.ts';
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
      if (request.osImage !== undefined)
        return prefetchOsImage(request.osImage, request.scheduled, host, context);
      return request.scheduled === true && request.images.length === 0
        ? runScheduled(host, async () => prefetchJob(request, host, context))
        : prefetchJob(request, host, context);
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
  { images, scope, scheduled }: Extract<JobRequest, { operation: 'prefetch' }>,
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
  const pulled = await prefetchScope(scope, images, context, host, scheduled);
  // Somebody has waited for all that was to wait.
  if (scope === 'all' && images.length === 0) await host.memory.setPostponed(undefined);
  return { images: pulled };
}

/** Brings what an OS image binds that nobody has staged, as before a `bootc switch`, and keeps it from garbage collection for a week. */
async function prefetchOsImage(
  osImage: string,
  scheduled: boolean | undefined,
  host: Host,
  context: JobContext & HostContext,
): Promise<JobResult> {
  // Layers of it may have to be read before it is known what is to be fetched.
  if (scheduled === true) await checkFetching(host);
  await using access = openAccess('/', undefined);
  const { boundSet } = await readKnown(osImage, access, context.signal);
  const binderOf = ({ inventory }: HostSurvey): Binder => ({
    slot: 'candidate',
    osImage,
    survey: surveyOf(boundSet, inventory),
  });
  const survey = (): HostSurvey => {
    const now = context.survey();
    return { ...now, binders: [binderOf(now)] };
  };
  try {
    return { images: await prefetchScope('candidate', [], { ...context, survey }, host, scheduled) };
  } finally {
    await context.refresh();
    // What it may hold already is not known.
    checkRead(context.survey());
    // No garbage is collected while this job runs.
    const { assessments } = binderOf(context.survey()).survey;
    const digests = assessments.flatMap((one) => (one.kind === 'missing' ? [] : one.stored.digests));
    await host.memory.grantLease(osImage, digests);
  }
}
