import type { BinderSlot } from '../model/deployment.ts';
import type {
  DeploymentState,
  HostState,
  ImageState,
  JobError,
  NextBoot,
  Postponed,
} from '../model/host-state.ts';
import type { Assessment } from '../plan/assess.ts';
import { divideSpace } from '../plan/divide-space.ts';
import type { Want } from '../plan/want.ts';
import type { Requirement } from '../policy/parse-policy.ts';
import type { Binder, HostSurvey } from './survey-host.ts';

/** What is remembered of an image between passes. Times are microseconds since the epoch, 0 is never. */
export interface ImageRecord {
  readonly lastPulledUs: number;
  readonly lastVerifiedUs: number;
  readonly lastError?: JobError;
}

/** What a job is doing with an image now. */
export interface UnderWay {
  readonly state: 'fetching' | 'verifying';
  readonly job: bigint;
}

export interface StateParts {
  readonly record: (reference: string) => ImageRecord | undefined;
  readonly underWay: ReadonlyMap<string, UnderWay>;
  readonly requirements: (want: Want) => readonly Requirement[];
  /** Bytes to fetch of images that are missing, by reference, as far as a plan has found out. */
  readonly bytesToFetch: ReadonlyMap<string, number>;
  readonly nextBoot: NextBoot;
  readonly postponed?: Postponed | undefined;
  readonly nowUs: number;
}

/** The host as it is shown. */
export function hostState(
  { store, inventory, freeBytes, binders }: HostSurvey,
  parts: StateParts,
): HostState {
  const booted = binders.find(({ slot }) => slot === 'booted');
  const ordered = inBootOrder(binders);
  const division = divideSpace(
    inventory,
    ordered.map(({ survey }) => survey.assessments),
  );
  const { totalBytes, sharedBytes, unboundBytes } = division;
  return {
    state: booted === undefined ? 'unknown' : readinessOf(booted, parts),
    nextBoot: parts.nextBoot,
    deployments: ordered.map(({ slot, osImage, digest, version, survey }, index) => ({
      slot,
      osImage,
      ...(digest === undefined ? {} : { digest }),
      ...(version === undefined ? {} : { version }),
      state: readinessOf({ survey }, parts),
      ...(division.binders[index] ?? { storageBytes: 0, ownBytes: 0 }),
    })),
    problems: binders.flatMap(({ slot, survey }) =>
      survey.problems.map((problem) => Object.assign({ slot }, problem)),
    ),
    images: imagesOf(binders, parts),
    ...(parts.postponed === undefined ? {} : { postponed: parts.postponed }),
    store,
    storageBytes: totalBytes,
    space: { sharedBytes, unboundBytes, ...(freeBytes === undefined ? {} : { freeBytes }) },
    lastRefreshUs: parts.nowUs,
  };
}

const slots: readonly BinderSlot[] = ['candidate', 'staged', 'booted', 'rollback', 'other'];

/** The newest first, as bootc shows them. */
function inBootOrder(binders: readonly Binder[]): Binder[] {
  return binders.toSorted((a, b) => slots.indexOf(a.slot) - slots.indexOf(b.slot));
}

/** A definition that gives no image leaves its root incomplete: what it was to bind will not be there. */
function readinessOf({ survey }: Pick<Binder, 'survey'>, parts: StateParts): DeploymentState['state'] {
  const states = new Set(survey.assessments.map((assessment) => stateInStore(assessment, parts)));
  if (states.has('damaged')) return 'damaged';
  const broken = survey.problems.some(({ severity }) => severity === 'error');
  return broken || states.has('missing') ? 'incomplete' : 'ready';
}

function imagesOf(binders: readonly Binder[], parts: StateParts): ImageState[] {
  const bound = binders.flatMap(({ slot, survey }) =>
    survey.assessments.map((assessment) => ({ slot, assessment })),
  );
  return [...Map.groupBy(bound, ({ assessment }) => assessment.want.image)]
    .map(([, [first, ...others]]) => imageState([first, ...others].filter(isThere), parts))
    .filter(isThere)
    .toSorted((a, b) => (a.reference < b.reference ? -1 : 1));
}

function imageState(
  bindings: readonly { readonly slot: BinderSlot; readonly assessment: Assessment }[],
  parts: StateParts,
): ImageState | undefined {
  const assessment = bindings[0]?.assessment;
  if (assessment === undefined) return undefined;
  const { want } = assessment;
  const record = parts.record(want.image);
  const underWay = parts.underWay.get(want.image);
  const stored = assessment.kind === 'missing' ? undefined : assessment.stored;
  const digest = stored?.digests.find((one) => one === want.reference.digest) ?? stored?.digests[0];
  const state = stateInStore(assessment, parts);
  const bytesToFetch = state === 'present' ? 0 : parts.bytesToFetch.get(want.image);
  return {
    reference: want.image,
    state: underWay?.state ?? state,
    ...(digest === undefined ? {} : { digest }),
    ...(want.reference.digest === undefined ? {} : { expectedDigest: want.reference.digest }),
    boundBy: bindings.flatMap(
      ({
        slot,
        assessment: {
          want: { boundBy },
        },
      }) => boundBy.map(({ entry }) => ({ slot, file: entry })),
    ),
    sizeBytes: stored?.layers.reduce((total, { diffSizeBytes = 0 }) => total + diffSizeBytes, 0) ?? 0,
    ...(bytesToFetch === undefined ? {} : { bytesToFetch }),
    signaturePolicy: parts.requirements(want).join(', '),
    lastPulledUs: record?.lastPulledUs ?? 0,
    lastVerifiedUs: record?.lastVerifiedUs ?? 0,
    ...(record?.lastError === undefined ? {} : { lastError: record.lastError }),
    ...(underWay === undefined ? {} : { job: underWay.job }),
  };
}

/** An image of another digest than is pinned is missing: what is asked for is not there. */
function stateInStore({ kind, want }: Assessment, { record }: StateParts): 'present' | 'missing' | 'damaged' {
  if (kind === 'missing' || kind === 'mismatch') return 'missing';
  // Its records look whole; a verification has found otherwise, and nothing has been pulled since.
  const foundDamaged = record(want.image)?.lastError?.code === 'StoreDamaged';
  return kind === 'damaged' || foundDamaged ? 'damaged' : 'present';
}

function isThere<T>(value: T | undefined): value is T {
  return value !== undefined;
}
