import { Failure } from '../model/failure.ts';
import type { JobRequest, JobResult } from '../model/host-agent.ts';
import { type Verification, verifyStored } from '../store/verify-store.ts';
import type { HostContext } from './host-agent.ts';
import { type HostWants, hostWants } from './host-wants.ts';
import type { JobContext } from './jobs.ts';
import type { Records } from './prefetch-job.ts';

export interface VerifyParts {
  readonly records: Records;
  /** Finds layers whose content is not what their digests say, by the names of the images that have them. */
  readonly deepFaults: (
    wants: HostWants,
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, readonly string[]>>;
  /** Makes images whole again, of which a verification has found that they are not. @throws Failure */
  readonly repair: (wants: HostWants, context: JobContext & HostContext) => Promise<void>;
}

/**
 * The job `verify`: whether every image of a scope is there and whole. With `repair`, pulls again what is not.
 * @returns in `damaged` the references that are not there and whole in the end, missing ones among them
 * @throws Failure of a repair, `Cancelled`
 */
export async function verifyJob(
  request: Extract<JobRequest, { operation: 'verify' }>,
  context: JobContext & HostContext,
  parts: VerifyParts,
): Promise<JobResult> {
  const damaged = await findFaults(request, context, parts);
  if (!request.repair || damaged.length === 0) return { damaged };
  await parts.repair(hostWants(context.survey(), request.scope, damaged), context);
  await context.refresh();
  return { damaged: await findFaults({ ...request, images: damaged }, context, parts) };
}

async function findFaults(
  { images, scope, deep }: Extract<JobRequest, { operation: 'verify' }>,
  { survey, signal, update, underWay }: JobContext & HostContext,
  { records, deepFaults }: VerifyParts,
): Promise<string[]> {
  const wants = hostWants(survey(), scope, images);
  await using _ = wants.access;
  const { inventory, assessments } = wants.survey;
  const deepFound = deep ? await deepFaults(wants, signal) : new Map<string, readonly string[]>();
  const damaged: string[] = [];
  for (const [index, { want }] of assessments.entries()) {
    signal.throwIfAborted();
    update({ currentImage: want.image, progress: index / assessments.length });
    underWay(want.image, 'verifying');
    const verification = await verifyStored(inventory, want.storeName, want.reference.digest);
    const faults = [...faultsOf(verification), ...(deepFound.get(want.storeName) ?? [])];
    if (faults.length === 0) await records.verified(want.image);
    else {
      damaged.push(want.image);
      if (verification.kind !== 'missing')
        await records.failed(want.image, new Failure('StoreDamaged', `${want.image}: ${faults.join('; ')}`));
    }
    underWay(want.image, undefined);
  }
  return damaged;
}

/** What is wrong with an image in the store, each thing named. */
export function faultsOf(verification: Verification): readonly string[] {
  switch (verification.kind) {
    case 'present':
      return [];
    case 'missing':
      return ['it is not there'];
    case 'damaged':
      return verification.what;
    case 'mismatch':
      return [`it has ${verification.image.digests.join(', ')}, not ${verification.expected}`];
  }
}
