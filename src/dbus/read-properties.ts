import type { Job, JobRecord } from '../model/host-agent.ts';
import { asDigest } from '../model/digest.ts';
import type { HostState, ImageState, JobError, SlotProblem } from '../model/host-state.ts';
import { isProblemCode, problemCodes } from '../model/problem-codes.ts';
import { codeOf } from './error-names.ts';
import { jobIdOf } from './object-path.ts';
import type { Dictionary } from './value.ts';

// The other way round of describe.ts. A newer service may have values that we do not know: they are passed on as they are, and what is
// missing is empty.

/** What the bus shows of the manager and its images, as the agent's own state. */
export function readHostState(manager: Dictionary, images: readonly Dictionary[]): HostState {
  const [verdict = 'none', reason = ''] = texts(manager, 'NextBoot') as [
    HostState['nextBoot']['verdict']?,
    string?,
  ];
  const [until = 0n, why = ''] = (manager.get('Postponed')?.value ?? []) as [bigint?, string?];
  const [path = '', mode = 'bootc'] = texts(manager, 'Store') as [string?, HostState['store']['mode']?];
  const details = (manager.get('DeploymentDetails')?.value ?? []) as readonly Dictionary[];
  const space = (manager.get('Space')?.value ?? new Map()) as Dictionary;
  return {
    state: text(manager, 'State') as HostState['state'],
    nextBoot: { verdict, reason },
    deployments: rows(manager, 'Deployments').map(([slot, osImage = '', digest, state], index) => ({
      slot: slot as HostState['deployments'][number]['slot'],
      osImage,
      ...optional('digest', asDigest(digest)),
      state: state as HostState['state'],
      ...readDetails(details[index] ?? new Map()),
    })),
    problems: rows(manager, 'Problems').map(readProblem),
    images: images.map(readImage),
    ...optional('postponed', until === 0n ? undefined : { untilUs: Number(until), reason: why }),
    store: { path, mode },
    storageBytes: count(manager, 'StorageBytes'),
    space: {
      sharedBytes: count(space, 'shared-bytes'),
      unboundBytes: count(space, 'unbound-bytes'),
      ...optional('freeBytes', space.has('free-bytes') ? count(space, 'free-bytes') : undefined),
    },
    lastRefreshUs: count(manager, 'LastRefresh'),
  };
}

function readDetails(
  values: Dictionary,
): Pick<HostState['deployments'][number], 'version' | 'storageBytes' | 'ownBytes'> {
  return {
    ...optional('version', values.has('version') ? text(values, 'version') : undefined),
    storageBytes: count(values, 'bytes'),
    ownBytes: count(values, 'own-bytes'),
  };
}

function readImage(values: Dictionary): ImageState {
  const bytesToFetch = count(values, 'BytesToFetch');
  return {
    reference: text(values, 'Reference'),
    state: text(values, 'State') as ImageState['state'],
    ...optional('digest', asDigest(text(values, 'Digest'))),
    ...optional('expectedDigest', asDigest(text(values, 'ExpectedDigest'))),
    boundBy: rows(values, 'BoundBy').map(([slot, file = '']) => ({
      slot: slot as ImageState['boundBy'][number]['slot'],
      file,
    })),
    sizeBytes: count(values, 'SizeBytes'),
    ...optional('bytesToFetch', bytesToFetch < 0 ? undefined : bytesToFetch),
    signaturePolicy: text(values, 'SignaturePolicy'),
    lastPulledUs: count(values, 'LastPulled'),
    lastVerifiedUs: count(values, 'LastVerified'),
    ...optional('lastError', readError(values, 'LastError')),
    ...optional('job', jobIdOf(text(values, 'Job'))),
  };
}

export function readJob(values: Dictionary): Job {
  const progress = values.get('Progress')?.value;
  const result = (values.get('Result')?.value ?? new Map()) as Dictionary;
  return {
    id: (values.get('Id')?.value ?? 0n) as bigint,
    operation: text(values, 'Operation') as Job['operation'],
    images: texts(values, 'Images'),
    startedByUid: (values.get('StartedByUID')?.value ?? 0) as number,
    startTimeUs: count(values, 'StartTime'),
    state: text(values, 'State') as Job['state'],
    ...optional('progress', typeof progress === 'number' && progress >= 0 ? progress : undefined),
    bytesDone: count(values, 'BytesDone'),
    bytesTotal: count(values, 'BytesTotal'),
    bytesPerSecond: count(values, 'BytesPerSecond'),
    currentImage: text(values, 'CurrentImage'),
    cancelable: values.get('Cancelable')?.value === true,
    endTimeUs: count(values, 'EndTime'),
    ...optional('error', readError(values, 'Error')),
    result: {
      ...(result.get('dry-run')?.value === true ? { dryRun: true } : {}),
      ...optional('freedBytes', result.has('freed-bytes') ? count(result, 'freed-bytes') : undefined),
      ...optional('images', result.has('images') ? texts(result, 'images') : undefined),
      ...optional('damaged', result.has('damaged') ? texts(result, 'damaged') : undefined),
    },
  };
}

/** One of what `GetHistory` gives. */
export function readRecord(values: Dictionary): JobRecord {
  return {
    id: (values.get('id')?.value ?? 0n) as bigint,
    operation: text(values, 'operation') as JobRecord['operation'],
    startedByUid: count(values, 'started-by-uid'),
    startTimeUs: count(values, 'start-time'),
    endTimeUs: count(values, 'end-time'),
    result: text(values, 'result') as JobRecord['result'],
    fetchedBytes: count(values, 'fetched-bytes'),
    freedBytes: count(values, 'freed-bytes'),
    images: texts(values, 'images'),
    imagesTotal: count(values, 'images-total'),
    damagedTotal: count(values, 'damaged-total'),
    ...optional('error', readError(values, 'error')),
  };
}

function readError(values: Dictionary, name: string): JobError | undefined {
  const [error = '', text = ''] = texts(values, name);
  return error === '' ? undefined : { code: codeOf(error) ?? 'Internal', text };
}

function text(values: Dictionary, name: string): string {
  return (values.get(name)?.value ?? '') as string;
}

function texts(values: Dictionary, name: string): readonly string[] {
  return (values.get(name)?.value ?? []) as readonly string[];
}

function rows(values: Dictionary, name: string): readonly (readonly string[])[] {
  return (values.get(name)?.value ?? []) as readonly (readonly string[])[];
}

function count(values: Dictionary, name: string): number {
  return Number(values.get(name)?.value ?? 0);
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]?: V });
}

function readProblem([slot, place = '', code = '', text = '', severity]: readonly string[]): SlotProblem {
  const [, file = place, line] = /^(.*):(\d+)$/s.exec(place) ?? [];
  return {
    slot: slot as SlotProblem['slot'],
    file,
    ...(line === undefined ? {} : { line: Number(line) }),
    code,
    text,
    severity: severity === 'warning' ? 'warning' : 'error',
    failsBootc: isProblemCode(code) && problemCodes[code].failsBootc,
  };
}
