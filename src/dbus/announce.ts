import type { AgentChange, HostAgent, Job } from '../model/host-agent.ts';
import type { ImageState } from '../model/host-state.ts';
import {
  type ManagerFacts,
  imageProperties,
  isActive,
  jobProperties,
  managerProperties,
} from './describe.ts';
import { errorName } from './error-names.ts';
import type { Outgoing } from './message.ts';
import { imagePath, jobPath, rootPath } from './object-path.ts';
import { asDictionary, imageInterface, jobInterface, managerInterface } from './objects.ts';
import type { Interface, Property } from './parse-interfaces.ts';
import type { Value } from './value.ts';
import { writeValues } from './write-values.ts';

type Properties = ReadonlyMap<string, Value>;

const noTypes: ReadonlyMap<string, Property> = new Map();

/** Progress of a job is told of at most 4 times a second. */
const progressMs = 250;
const progressOnly = new Set(['Progress', 'BytesDone', 'BytesTotal', 'BytesPerSecond', 'CurrentImage']);

/**
 * Tells the bus what changes: InterfacesAdded and -Removed, PropertiesChanged with values, JobRemoved. Signals go out while the change
 * is being told, so before any answer that names a new object.
 * @returns a function that ends it
 */
export function announceChanges(
  agent: HostAgent,
  facts: Pick<ManagerFacts, 'version' | 'features'>,
  known: ReadonlyMap<string, Interface>,
  send: (message: Outgoing) => void,
): () => void {
  const describeManager = (): Properties =>
    managerProperties({ ...facts, state: agent.state(), jobs: agent.jobs() });
  let manager = describeManager();
  /** What the bus was last told of each job. */
  const jobs = new Map(agent.jobs().map((job) => [job.id, followed(job)]));

  const added = (path: string, name: string, values: Properties): void => {
    const types = known.get(name)?.properties ?? noTypes;
    const body = [path, new Map([[name, asDictionary(values, types)]])];
    send(objectManagerSignal('InterfacesAdded', 'oa{sa{sv}}', body));
  };
  const removed = (path: string, name: string): void =>
    send(objectManagerSignal('InterfacesRemoved', 'oas', [path, [name]]));
  const changed = (path: string, name: string, before: Properties, after: Properties): void => {
    const types = known.get(name)?.properties ?? noTypes;
    const different = [...after].filter(
      ([key, value]) => !isEqual(types.get(key)?.type ?? '', value, before.get(key)),
    );
    const told = (changes: string): Properties =>
      new Map(different.filter(([key]) => types.get(key)?.changes === changes));
    const [values, names] = [told('true'), [...told('invalidates').keys()]];
    if (values.size === 0 && names.length === 0) return;
    send(propertiesChanged(path, [name, asDictionary(values, types), names]));
  };
  const updateManager = (): void => {
    const now = describeManager();
    changed(rootPath, managerInterface, manager, now);
    manager = now;
  };

  const updateImages = (before: readonly ImageState[], after: readonly ImageState[]): void => {
    if (before === after) return;
    const old = new Map(before.map((image) => [image.reference, image]));
    const present = new Set(after.map(({ reference }) => reference));
    for (const { reference } of before)
      if (!present.has(reference)) removed(imagePath(reference), imageInterface);
    for (const image of after) {
      const last = old.get(image.reference);
      const path = imagePath(image.reference);
      if (last === undefined) added(path, imageInterface, imageProperties(image));
      else if (last !== image) changed(path, imageInterface, imageProperties(last), imageProperties(image));
    }
  };

  const jobTypes = known.get(jobInterface)?.properties ?? noTypes;
  const tellOfJob = (job: FollowedJob, now: Properties): void => {
    clearTimeout(job.timer);
    job.timer = undefined;
    job.toldAtMs = performance.now();
    changed(jobPath(job.id), jobInterface, job.told, now);
    job.told = now;
  };
  const updateJob = (job: Job): void => {
    const last = jobs.get(job.id);
    const now = jobProperties(job);
    if (last === undefined) {
      jobs.set(job.id, followed(job));
      added(jobPath(job.id), jobInterface, now);
      return updateManager();
    }
    const more = [...now].some(
      ([key, value]) =>
        !progressOnly.has(key) && !isEqual(jobTypes.get(key)?.type ?? '', value, last.told.get(key)),
    );
    const waitMs = last.toldAtMs + progressMs - performance.now();
    if (more || waitMs <= 0) tellOfJob(last, now);
    else {
      last.latest = now;
      last.timer ??= setTimeout(() => tellOfJob(last, last.latest), waitMs);
    }
    if (last.active !== isActive(job)) {
      last.active = isActive(job);
      updateManager();
    }
  };
  const removeJob = ({ id, state, error }: Job): void => {
    clearTimeout(jobs.get(id)?.timer);
    jobs.delete(id);
    const result = [id, jobPath(id), state, error === undefined ? '' : errorName(error.code)];
    send({
      kind: 'signal',
      path: rootPath,
      interface: managerInterface,
      member: 'JobRemoved',
      signature: 'toss',
      body: result,
    });
    removed(jobPath(id), jobInterface);
  };

  const end = agent.subscribe((change: AgentChange) => {
    switch (change.kind) {
      case 'state':
        updateImages(change.before.images, change.after.images);
        return updateManager();
      case 'job':
        return updateJob(change.after);
      case 'job-removed':
        return removeJob(change.job);
    }
  });
  return () => {
    end();
    for (const { timer } of jobs.values()) clearTimeout(timer);
  };
}

/** Their bytes decide: node:util's comparison would load modules at each start. */
function isEqual(signature: string, one: Value, other: Value | undefined): boolean {
  if (one === other) return true;
  return other !== undefined && writeValues(signature, [one]).equals(writeValues(signature, [other]));
}

interface FollowedJob {
  readonly id: bigint;
  told: Properties;
  toldAtMs: number;
  latest: Properties;
  timer: NodeJS.Timeout | undefined;
  active: boolean;
}

function followed(job: Job): FollowedJob {
  const told = jobProperties(job);
  return {
    id: job.id,
    told,
    toldAtMs: performance.now(),
    latest: told,
    timer: undefined,
    active: isActive(job),
  };
}

function objectManagerSignal(member: string, signature: string, body: readonly Value[]): Outgoing {
  return {
    kind: 'signal',
    path: rootPath,
    interface: 'org.freedesktop.DBus.ObjectManager',
    member,
    signature,
    body,
  };
}

function propertiesChanged(path: string, body: readonly Value[]): Outgoing {
  return {
    kind: 'signal',
    path,
    interface: 'org.freedesktop.DBus.Properties',
    member: 'PropertiesChanged',
    signature: 'sa{sv}as',
    body,
  };
}
