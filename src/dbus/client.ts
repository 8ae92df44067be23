import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../model/failure.ts';
import type { Job, JobRecord, JobRequest, PlanReport, PlannedImage } from '../model/host-agent.ts';
import type { HostState } from '../model/host-state.ts';
import { asDigest } from '../model/digest.ts';
import { systemBusAddress } from './bus-address.ts';
import { type Bus, busDriver, connectBus } from './connect-bus.ts';
import { isActive } from './describe.ts';
import { failureOf } from './error-names.ts';
import { type Message, readBody } from './message.ts';
import { busName, jobPath, rootPath } from './object-path.ts';
import { imageInterface, jobInterface, managerInterface } from './objects.ts';
import { readHostState, readJob, readRecord } from './read-properties.ts';
import { type Dictionary, type Value, type Variant, variant } from './value.ts';

/** The agent of this host, through the bus. Every call starts it where it does not run. @throws Failure, of the code that the agent gave it */
export interface AgentClient extends AsyncDisposable {
  readonly state: () => Promise<HostState>;
  readonly jobs: () => Promise<readonly Job[]>;
  /** Newest first. */
  readonly history: () => Promise<readonly JobRecord[]>;
  readonly refresh: () => Promise<void>;
  readonly plan: (osImage: string) => Promise<PlanReport>;
  /** @returns the id of the job that begins */
  readonly start: (request: JobRequest) => Promise<bigint>;
  readonly cancel: (id: bigint) => Promise<void>;
  /** Tells of a job's values as they are and whenever they change. @returns the job once it has ended. @throws Failure `NotFound`, `Cancelled` */
  readonly followJob: (id: bigint, onChange: (job: Job) => void, signal?: AbortSignal) => Promise<Job>;
  /** Calls `onChange` whenever the agent told of any change, or left or came, until the signal aborts. @throws Failure `Transient` once the bus is gone */
  readonly watch: (onChange: () => void, signal: AbortSignal) => Promise<void>;
}

export interface ClientOptions {
  /** Address of the bus; the system's unless given. */
  readonly bus?: string;
  /** A person is there who can type a password for polkit. */
  readonly interactive?: boolean;
  readonly signal?: AbortSignal;
}

type Listener = (message: Message | 'owner') => void;

/** What the bus lets a message have: 128 MiB; thousands of images take a few. */
const bodyBytesMax = 64 * 1024 * 1024;
const readLimitMs = 30_000;
/** A registry is asked meanwhile, or a person for a password. */
const workLimitMs = 10 * 60_000;
/** `Busy` is what a call gets that would begin a job in the very moment that the agent leaves. */
const busyTries = 5;
const busyDelayMs = 200;

/** @throws Failure `Transient` where there is no bus */
export async function connectAgent(options: ClientOptions = {}): Promise<AgentClient> {
  const listeners = new Set<Listener>();
  /** Unknown before the bus has told of any change; '' is nobody. */
  let owner: string | undefined;
  let onMessage: (message: Message) => void = () => {};
  const bus = await connectBus(options.bus ?? systemBusAddress(process.env), {
    bodyBytesMax,
    onMessage: (message) => onMessage(message),
  });
  onMessage = (message) => {
    const fresh = newOwner(message);
    if (fresh !== undefined) owner = fresh;
    // Anybody may send a signal to us alone that looks like the agent's.
    else if (message.kind !== 'signal' || message.sender !== owner) return;
    for (const listener of listeners) listener(fresh === undefined ? message : 'owner');
  };

  const ask = async (
    [path, name, member]: readonly [path: string, name: string, member: string],
    signature = '',
    body: readonly Value[] = [],
    limitMs = readLimitMs,
  ): Promise<readonly Value[]> => {
    const call = { destination: busName, path, interface: name, member, signature, body };
    const { interactive = false, signal } = options;
    return valuesOf(await bus.call({ ...call, interactive }, { limitMs, signal }));
  };
  const getAll = async (path: string, name: string): Promise<Dictionary> => {
    const [values] = await ask([path, 'org.freedesktop.DBus.Properties', 'GetAll'], 's', [name]);
    return values as Dictionary;
  };
  const managed = async (name: string): Promise<readonly Dictionary[]> => {
    const [objects] = await ask([rootPath, 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects']);
    return [...(objects as ReadonlyMap<string, ReadonlyMap<string, Dictionary>>).values()].flatMap(
      (interfaces) => interfaces.get(name) ?? [],
    );
  };

  const followJob: AgentClient['followJob'] = async (id, onChange, signal) => {
    const path = jobPath(id);
    let values: Map<string, Variant> | undefined;
    const { promise, resolve, reject } = Promise.withResolvers<Job>();
    /** What comes while the job is being read may be older than what is read, or newer: it is put on top, the last change last. */
    let early: Dictionary[] = [];
    let reading = true;
    const update = (): void => {
      if (values === undefined) return;
      early.forEach(apply);
      early = [];
      const job = readJob(values);
      onChange(job);
      if (!isActive(job)) resolve(job);
    };
    const read = async (): Promise<void> => {
      reading = true;
      values = new Map(await getAll(path, jobInterface));
      reading = false;
      update();
    };
    const apply = (changed: Dictionary): void => {
      for (const [key, value] of changed) values?.set(key, value);
    };
    const listener: Listener = (message) => {
      if (message === 'owner') {
        // A job lives as long as its agent, which ends its jobs before it leaves. Asking again would start the next one, against
        // whoever is just stopping it.
        if (owner === '')
          reject(
            new Failure(
              'Cancelled',
              'the agent ended meanwhile: the journal of bound-images.service says why',
            ),
          );
      } else if (message.path === path && message.member === 'PropertiesChanged') {
        const [name, changed] = readBody(message) as [string, Dictionary];
        if (name !== jobInterface) return;
        early.push(changed);
        if (!reading) update();
      }
    };
    const onAbort = (): void => reject(new Failure('Cancelled', 'no longer followed'));
    signal?.addEventListener('abort', onAbort, { once: true });
    listeners.add(listener);
    void bus.lost.then(reject);
    try {
      read().catch(reject);
      return await promise;
    } finally {
      listeners.delete(listener);
      signal?.removeEventListener('abort', onAbort);
    }
  };

  const start: AgentClient['start'] = async (request) => {
    const [member, signature, body] = jobCall(request);
    for (let tries = 1; ; tries += 1) {
      try {
        const [id] = await ask([rootPath, managerInterface, member], signature, body, workLimitMs);
        return id as bigint;
      } catch (error) {
        if (!(error instanceof Failure && error.code === 'Busy') || tries === busyTries) throw error;
        await delay(busyDelayMs);
      }
    }
  };

  try {
    const first = await followOwner(bus);
    owner ??= first;
  } catch (error) {
    await bus.close();
    throw error;
  }
  return {
    state: async () => readHostState(await getAll(rootPath, managerInterface), await managed(imageInterface)),
    jobs: async () => (await managed(jobInterface)).map(readJob),
    history: async () => {
      const [records] = await ask([rootPath, managerInterface, 'GetHistory'], 'a{sv}', [new Map()]);
      return (records as readonly Dictionary[]).map(readRecord);
    },
    refresh: async () => {
      await ask([rootPath, managerInterface, 'Refresh'], 'a{sv}', [new Map()], workLimitMs);
    },
    plan: async (osImage) => {
      const body = [osImage, new Map()];
      return planReport(await ask([rootPath, managerInterface, 'Plan'], 'sa{sv}', body, workLimitMs));
    },
    start,
    cancel: async (id) => {
      await ask([jobPath(id), jobInterface, 'Cancel'], 'a{sv}', [new Map()], workLimitMs);
    },
    followJob,
    watch: async (onChange, signal) => {
      const listener: Listener = () => onChange();
      const { promise, resolve } = Promise.withResolvers<undefined>();
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
      if (signal.aborted) return;
      listeners.add(listener);
      const lost = await Promise.race([bus.lost, promise]);
      listeners.delete(listener);
      if (lost !== undefined) throw lost;
    },
    [Symbol.asyncDispose]: () => bus.close(),
  };
}

/** Has the bus send us the agent's signals and its coming and going, before anything is asked. @returns who the agent is now, '' is none */
async function followOwner(bus: Bus): Promise<string> {
  const rules = [
    `type='signal',sender='${busName}'`,
    `type='signal',sender='${busDriver.destination}',member='NameOwnerChanged',arg0='${busName}'`,
  ];
  for (const rule of rules)
    valuesOf(await bus.call({ ...busDriver, member: 'AddMatch', signature: 's', body: [rule] }));
  const answer = await bus.call({ ...busDriver, member: 'GetNameOwner', signature: 's', body: [busName] });
  return answer.kind === 'error' ? '' : (valuesOf(answer)[0] as string);
}

/** Undefined for any message but one of the bus's own about the agent's name. */
function newOwner(message: Message): string | undefined {
  if (message.sender !== busDriver.destination || message.member !== 'NameOwnerChanged') return undefined;
  const [name, , owner] = readBody(message) as [string, string, string];
  return name === busName ? owner : undefined;
}

function valuesOf(answer: Message): readonly Value[] {
  const values = readBody(answer);
  if (answer.kind !== 'error') return values;
  throw failureOf(answer.errorName ?? '', typeof values[0] === 'string' ? values[0] : '');
}

function jobCall(request: JobRequest): [member: string, signature: string, body: readonly Value[]] {
  const flag = (name: string, value: boolean): [string, ReturnType<typeof variant>] => [
    name,
    variant('b', value),
  ];
  switch (request.operation) {
    case 'prefetch': {
      const { images, scope, osImage, scheduled = false } = request;
      const what =
        osImage === undefined
          ? (['scope', variant('s', scope)] as const)
          : (['os-image', variant('s', osImage)] as const);
      return ['Prefetch', 'asa{sv}', [images, new Map([what, flag('scheduled', scheduled)])]];
    }
    case 'verify': {
      const scope = ['scope', variant('s', request.scope)] as const;
      const options = new Map([scope, flag('deep', request.deep), flag('repair', request.repair)]);
      return ['Verify', 'asa{sv}', [request.images, options]];
    }
    case 'gc':
      return ['CollectGarbage', 'a{sv}', [new Map([flag('dry-run', request.dryRun)])]];
    case 'upgrade':
      return ['Upgrade', 'a{sv}', [new Map([flag('apply', request.apply)])]];
  }
}

function planReport(values: readonly Value[]): PlanReport {
  const [rows, summary] = values as [[string, string, string, bigint, bigint][], Dictionary];
  const images = rows.map(([reference, digestText, state, toFetch, onDisk]): PlannedImage => {
    const digest = asDigest(digestText);
    return {
      reference,
      ...(digest === undefined ? {} : { digest }),
      state: state as PlannedImage['state'],
      ...(toFetch < 0n ? {} : { bytesToFetch: Number(toFetch) }),
      ...(onDisk < 0n ? {} : { bytesOnDisk: Number(onDisk) }),
    };
  });
  const osImageDigest = asDigest(summary.get('digest')?.value);
  const version = (summary.get('version')?.value ?? '') as string;
  return {
    osImage: (summary.get('os-image')?.value ?? '') as string,
    ...(version === '' ? {} : { version }),
    ...(osImageDigest === undefined ? {} : { osImageDigest }),
    images,
    bytesToFetch: Number(summary.get('bytes-to-fetch')?.value ?? 0),
    bytesOnDisk: Number(summary.get('bytes-on-disk')?.value ?? 0),
  };
}
