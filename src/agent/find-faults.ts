import type { Damage } from '../guard/repair.ts';
import { Failure } from '../model/failure.ts';
import type { JobRequest } from '../model/host-agent.ts';
import type { StoredImage } from '../model/inventory.ts';
import type { Want } from '../plan/want.ts';
import { type Verification, verifyStored } from '../store/verify-store.ts';
import { deepVerify } from '../prefetch/deep-verify.ts';
import { unsettledImports } from '../prefetch/unsettled.ts';
import type { Host } from './host.ts';
import type { HostContext } from './host-agent.ts';
import { hostWants, verifyScope } from './host-wants.ts';
import type { JobContext } from './jobs.ts';

/** What is wrong with one image that is bound. */
export interface Fault {
  readonly want: Want;
  /** Each thing, for a person. */
  readonly what: readonly string[];
  /** Absent where there is nothing of it in the store. */
  readonly damage?: Damage;
}

/**
 * Looks at every image of a scope, and remembers of each what was found.
 * @throws Failure `Cancelled`, `StoreDamaged`, `StoreUnknown`
 */
export async function findFaults(
  { images, scope, deep }: Extract<JobRequest, { operation: 'verify' }>,
  { memory, journal }: Host,
  { survey, signal, update, underWay }: JobContext & HostContext,
): Promise<Fault[]> {
  const wants = hostWants(survey(), verifyScope(scope), images);
  await using _ = wants.access;
  const { inventory, assessments } = wants.survey;
  const stored = assessments.flatMap((one) => (one.kind === 'missing' ? [] : one.stored));
  const { names: unsettled } = await unsettledImports(inventory.storePath);
  const read = deep ? stored : stored.filter(({ names }) => names.some((name) => unsettled.has(name)));
  const contents = await deepVerify(inventory, read, signal, (bytesDone, bytesTotal) => {
    if (deep) update({ bytesDone, bytesTotal, progress: bytesTotal === 0 ? 0 : bytesDone / bytesTotal });
  });
  const faults: Fault[] = [];
  for (const [index, { want }] of assessments.entries()) {
    signal.throwIfAborted();
    update({ currentImage: want.image, ...(deep ? {} : { progress: index / assessments.length }) });
    underWay(want.image, 'verifying');
    const verification = await verifyStored(inventory, want.storeName, want.reference.digest);
    const fault = faultOf(want, verification, contents);
    underWay(want.image, undefined);
    if (fault === undefined) await memory.verified(want.image);
    else faults.push(fault);
    // What is only missing says so by itself.
    if (fault?.damage === undefined) continue;
    const text = `${want.image} is damaged: ${fault.what.join('; ')}`;
    if (memory.record(want.image)?.lastError?.code !== 'StoreDamaged')
      journal({ name: 'image-damaged', text });
    await memory.damaged(want.image, new Failure('StoreDamaged', text));
  }
  return faults;
}

function faultOf(
  want: Want,
  verification: Verification,
  contents: Awaited<ReturnType<typeof deepVerify>>,
): Fault | undefined {
  if (verification.kind === 'missing') return { want, what: ['it is not there'] };
  const { image } = verification;
  const read = damagedLayers(image, contents);
  const layers = [
    ...new Set([...(verification.kind === 'damaged' ? verification.layers : []), ...read.keys()]),
  ];
  const what = [
    ...(verification.kind === 'damaged' ? verification.what : []),
    ...[...read].flatMap(([id, faults]) => faults.map((fault) => `layer ${id}: ${fault}`)),
  ];
  if (verification.kind === 'mismatch')
    return { want, what: [`it has ${image.digests.join(', ')}, not ${verification.expected}`, ...what] };
  return what.length === 0 ? undefined : { want, what, damage: { image, layers } };
}

function damagedLayers(
  { layers }: StoredImage,
  contents: Awaited<ReturnType<typeof deepVerify>>,
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    layers.flatMap(({ id }) => {
      const verdict = contents.get(id);
      return verdict?.kind === 'damaged' ? [[id, verdict.what] as const] : [];
    }),
  );
}
