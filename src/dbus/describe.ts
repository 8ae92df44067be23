import type { Job, JobRecord, JobResult } from '../model/host-agent.ts';
import type {
  DeploymentState,
  HostState,
  ImageState,
  JobError,
  SlotProblem,
  StoreSpace,
} from '../model/host-state.ts';
import { errorName } from './error-names.ts';
import { jobPath } from './object-path.ts';
import { type Value, type Variant, variant } from './value.ts';

export interface ManagerFacts {
  readonly version: string;
  readonly features: readonly string[];
  readonly state: HostState;
  readonly jobs: readonly Job[];
}

// One entry for each property of the interface, in its order: a test holds them against the introspection data.

export function managerProperties({
  version,
  features,
  state,
  jobs,
}: ManagerFacts): ReadonlyMap<string, Value> {
  return new Map<string, Value>([
    ['Version', version],
    ['Features', features],
    ['State', state.state],
    ['NextBoot', [state.nextBoot.verdict, state.nextBoot.reason]],
    ['Deployments', state.deployments.map((one) => [one.slot, one.osImage, one.digest ?? '', one.state])],
    ['Problems', state.problems.map(problemRow)],
    ['Postponed', [unsigned(state.postponed?.untilUs ?? 0), state.postponed?.reason ?? '']],
    ['ImagesTotal', state.images.length],
    ['ImagesMissing', state.images.filter((image) => image.state === 'missing').length],
    ['ActiveJobs', jobs.filter(isActive).map(({ id }) => jobPath(id))],
    ['LastRefresh', unsigned(state.lastRefreshUs)],
    ['Store', [state.store.path, state.store.mode]],
    ['StorageBytes', unsigned(state.storageBytes)],
    ['DeploymentDetails', state.deployments.map(deploymentDetails)],
    ['Space', spaceValue(state.space)],
  ]);
}

export function imageProperties(image: ImageState): ReadonlyMap<string, Value> {
  return new Map<string, Value>([
    ['Reference', image.reference],
    ['State', image.state],
    ['Digest', image.digest ?? ''],
    ['ExpectedDigest', image.expectedDigest ?? ''],
    ['BoundBy', image.boundBy.map(({ slot, file }) => [slot, file])],
    ['SizeBytes', unsigned(image.sizeBytes)],
    ['BytesToFetch', signed(image.bytesToFetch)],
    ['SignaturePolicy', image.signaturePolicy],
    ['LastPulled', unsigned(image.lastPulledUs)],
    ['LastVerified', unsigned(image.lastVerifiedUs)],
    ['LastError', errorValue(image.lastError)],
    ['Job', image.job === undefined ? '/' : jobPath(image.job)],
  ]);
}

export function jobProperties(job: Job): ReadonlyMap<string, Value> {
  return new Map<string, Value>([
    ['Id', job.id],
    ['Operation', job.operation],
    ['Images', job.images],
    ['StartedByUID', job.startedByUid],
    ['StartTime', unsigned(job.startTimeUs)],
    ['State', job.state],
    ['Progress', job.progress ?? -1],
    ['BytesDone', unsigned(job.bytesDone)],
    ['BytesTotal', unsigned(job.bytesTotal)],
    ['BytesPerSecond', unsigned(job.bytesPerSecond)],
    ['CurrentImage', job.currentImage],
    ['Cancelable', job.cancelable],
    ['EndTime', unsigned(job.endTimeUs)],
    ['Error', errorValue(job.error)],
    ['Result', resultValue(job.result)],
  ]);
}

export function isActive({ state }: Job): boolean {
  return state === 'queued' || state === 'running' || state === 'cancelling';
}

/** What a t can hold; a fraction of a byte or of a microsecond is nothing. */
export function unsigned(number: number): bigint {
  return Number.isFinite(number) && number > 0 ? BigInt(Math.trunc(number)) : 0n;
}

/** -1 where it is not known. */
export function signed(number: number | undefined): bigint {
  return number === undefined ? -1n : unsigned(number);
}

function deploymentDetails({ version, storageBytes, ownBytes }: DeploymentState): Value {
  return new Map<string, Variant>([
    ...(version === undefined ? [] : [['version', variant('s', version)] as const]),
    ['bytes', variant('t', unsigned(storageBytes))],
    ['own-bytes', variant('t', unsigned(ownBytes))],
  ]);
}

function spaceValue({ sharedBytes, unboundBytes, freeBytes }: StoreSpace): Value {
  return new Map<string, Variant>([
    ['shared-bytes', variant('t', unsigned(sharedBytes))],
    ['unbound-bytes', variant('t', unsigned(unboundBytes))],
    ...(freeBytes === undefined ? [] : [['free-bytes', variant('t', unsigned(freeBytes))] as const]),
  ]);
}

function errorValue(error: JobError | undefined): Value {
  return error === undefined ? ['', ''] : [errorName(error.code), error.text];
}

function resultValue({ dryRun, freedBytes, images, damaged }: JobResult): Value {
  return new Map<string, Variant>([
    ...(dryRun === undefined ? [] : [['dry-run', variant('b', dryRun)] as const]),
    ...(freedBytes === undefined ? [] : [['freed-bytes', variant('t', unsigned(freedBytes))] as const]),
    ...(images === undefined ? [] : [['images', variant('as', images)] as const]),
    ...(damaged === undefined ? [] : [['damaged', variant('as', damaged)] as const]),
  ]);
}

export function recordValue(record: JobRecord): Value {
  return new Map<string, Variant>([
    ['id', variant('t', record.id)],
    ['operation', variant('s', record.operation)],
    ['started-by-uid', variant('u', record.startedByUid)],
    ['start-time', variant('t', unsigned(record.startTimeUs))],
    ['end-time', variant('t', unsigned(record.endTimeUs))],
    ['result', variant('s', record.result)],
    ['fetched-bytes', variant('t', unsigned(record.fetchedBytes))],
    ['freed-bytes', variant('t', unsigned(record.freedBytes))],
    ['images', variant('as', record.images)],
    ['images-total', variant('u', record.imagesTotal)],
    ['damaged-total', variant('u', record.damagedTotal)],
    ['error', variant('(ss)', errorValue(record.error))],
  ]);
}

function problemRow({ slot, file, line, code, text, severity }: SlotProblem): readonly string[] {
  return [slot, line === undefined ? file : `${file}:${line}`, code, text, severity];
}
