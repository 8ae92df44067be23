import { type Host, type Image, isActive, type Job, type JobRecord } from './host.ts';
import { readHost, readImage, readJob, readRecord } from './read-objects.ts';
import { isRecord, list, number, properties, type Properties, text, texts } from './values.ts';

export const rootPath = '/org/boundimages1';
export const managerInterface = 'org.boundimages1.Manager';
export const jobInterface = 'org.boundimages1.Job';
const imageInterface = 'org.boundimages1.Image';

/** The properties of each object of the agent, by path, as far as they were told. */
export interface Objects {
  readonly manager?: Properties;
  readonly images: ReadonlyMap<string, Properties>;
  readonly jobs: ReadonlyMap<string, Properties>;
  readonly history: readonly JobRecord[];
}

export interface Signal {
  readonly path: string;
  readonly member: string;
  readonly args: readonly unknown[];
}

export const noObjects: Objects = { images: new Map(), jobs: new Map(), history: [] };

/** @param managed the answer of GetManagedObjects */
export function withManaged(objects: Objects, managed: unknown): Objects {
  const entries = isRecord(managed) ? Object.entries(managed) : [];
  const of = (name: string): Map<string, Properties> =>
    new Map(
      entries.flatMap(([path, interfaces]) =>
        isRecord(interfaces) && name in interfaces ? [[path, properties(interfaces[name])] as const] : [],
      ),
    );
  return { ...objects, images: of(imageInterface), jobs: of(jobInterface) };
}

/** @param records the answer of GetHistory */
export function withHistory(objects: Objects, records: unknown): Objects {
  return { ...objects, history: list(records).map((record) => readRecord(properties(record))) };
}

/** What a signal has made older than what the agent says when it is asked. */
export function outdated({ member, args }: Signal): 'manager' | 'history' | undefined {
  if (member !== 'PropertiesChanged') return undefined;
  // Told without their values, which the agent works out for who asks.
  if (args[0] === managerInterface && list(args[2]).length > 0) return 'manager';
  return args[0] === jobInterface && number(properties(args[1])['EndTime']) > 0 ? 'history' : undefined;
}

/** Objects after a signal of theirs. What is told of an object that is not known changes nothing. */
export function afterSignal(objects: Objects, { path, member, args }: Signal): Objects {
  switch (member) {
    case 'PropertiesChanged':
      return changed(objects, path, text(args[0]), properties(args[1]));
    case 'InterfacesAdded': {
      const interfaces = isRecord(args[1]) ? args[1] : {};
      return Object.entries(interfaces).reduce(
        (before, [name, values]) => put(before, text(args[0]), name, properties(values)),
        objects,
      );
    }
    case 'InterfacesRemoved':
      return texts(args[1]).reduce((before, name) => put(before, text(args[0]), name, undefined), objects);
    default:
      return objects;
  }
}

function changed(objects: Objects, path: string, name: string, values: Properties): Objects {
  const before =
    name === managerInterface ? objects.manager : (objects.images.get(path) ?? objects.jobs.get(path));
  return before === undefined ? objects : put(objects, path, name, { ...before, ...values });
}

function put(objects: Objects, path: string, name: string, values: Properties | undefined): Objects {
  switch (name) {
    case managerInterface:
      return values === undefined ? objects : { ...objects, manager: values };
    case imageInterface:
      return { ...objects, images: replaced(objects.images, path, values) };
    case jobInterface:
      return { ...objects, jobs: replaced(objects.jobs, path, values) };
    default:
      return objects;
  }
}

function replaced(
  before: ReadonlyMap<string, Properties>,
  path: string,
  values: Properties | undefined,
): ReadonlyMap<string, Properties> {
  const after = new Map(before);
  if (values === undefined) after.delete(path);
  else after.set(path, values);
  return after;
}

/** What the page shows of the agent. */
export interface Shown {
  readonly host: Host;
  readonly images: readonly Image[];
  readonly jobs: readonly Job[];
  /** That were seen to end, newest first, those too that the agent has forgotten by now. */
  readonly endedJobs: readonly Job[];
  /** Newest first. */
  readonly history: readonly JobRecord[];
}

const endedJobsMax = 50;

/** @param before what was shown last: values that did not change stay the same, so that nothing is drawn again for them */
export function show(objects: Objects, before: Shown | undefined): Shown {
  const jobs = Array.from(objects.jobs, ([path, values]) => readJob(path, values));
  const ended = jobs.filter((job) => !isActive(job));
  const remembered = (before?.endedJobs ?? []).filter(({ path }) => !objects.jobs.has(path));
  return {
    host: readHost(objects.manager ?? {}),
    images: keepSame(before?.images ?? [], [...objects.images.values()].map(readImage)),
    jobs: jobs.filter(isActive),
    endedJobs: [...remembered, ...ended].toSorted((a, b) => b.endTimeUs - a.endTimeUs).slice(0, endedJobsMax),
    history: objects.history,
  };
}

function keepSame(before: readonly Image[], after: readonly Image[]): readonly Image[] {
  const known = new Map(before.map((image) => [image.reference, image]));
  const kept = after.map((image) => {
    const old = known.get(image.reference);
    return old !== undefined && JSON.stringify(old) === JSON.stringify(image) ? old : image;
  });
  return kept.length === before.length && kept.every((image, index) => image === before[index])
    ? before
    : kept;
}
