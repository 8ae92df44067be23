import { type BusClient, dbus, spawn } from 'cockpit';
import {
  afterSignal,
  managerInterface,
  noObjects,
  type Objects,
  outdated,
  rootPath,
  show,
  type Shown,
  type Signal,
  withHistory,
  withManaged,
} from './objects.ts';
import { unitName } from './unit-name.ts';
import { properties, type Properties } from './values.ts';

export const busName = 'org.boundimages1';
const propertiesInterface = 'org.freedesktop.DBus.Properties';
const objectManager = 'org.freedesktop.DBus.ObjectManager';

export type AgentView =
  { readonly kind: 'loading' } | { readonly kind: 'failed' } | ({ readonly kind: 'shown' } & Shown);

export interface Watched<T> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly current: () => T;
}

export interface WatchedAgent extends Watched<AgentView> {
  /** Starts it once more, after it did not start. */
  readonly retry: () => void;
}

/**
 * Starts the agent and follows it by its signals alone. It is asked at its start, ours or somebody else's, and never again, so that
 * it can leave when it is idle; what it said last stays shown meanwhile. Without a proxy of Cockpit's: those do not read again what
 * a service that was started again says.
 */
export function watchAgent(): WatchedAgent {
  const listeners = new Set<() => void>();
  let view: AgentView = { kind: 'loading' };
  let client: BusClient | undefined;
  const set = (next: AgentView): void => {
    view = next;
    for (const listener of listeners) listener();
  };

  const open = (): void => {
    const opened = dbus(busName, { bus: 'system' });
    client = opened;
    /** What is shown; undefined before the first reading is complete. */
    let objects: Objects | undefined;
    /** Of a reading that is not complete yet: signals change it too. */
    let reading: Objects | undefined;
    const showObjects = (now: Objects): void => {
      objects = now;
      set({ kind: 'shown', ...show(now, view.kind === 'shown' ? view : undefined) });
    };
    const change = (to: (before: Objects) => Objects): void => {
      if (reading !== undefined) reading = to(reading);
      const after = objects === undefined ? undefined : to(objects);
      if (after !== undefined && after !== objects) showObjects(after);
    };

    /** By its own name: a question to the service's would start the next agent, though somebody has just stopped this one. */
    let agent: BusClient | undefined;
    /**
     * @param take called with the answer in its turn: through a promise of the language it would come after signals that the agent has
     * sent later, and undo what they say
     */
    const ask = async (
      name: string,
      method: string,
      args: readonly unknown[],
      type: string,
      take: (answer: readonly unknown[]) => void,
    ): Promise<void> => {
      if (agent === undefined) throw new Error('the agent has left');
      await agent.call(rootPath, name, method, args, { type }).then(take);
    };
    const askManager = async (take: (manager: Properties) => void): Promise<void> =>
      ask(propertiesInterface, 'GetAll', [managerInterface], 's', ([manager]) => take(properties(manager)));
    const askHistory = async (take: (records: unknown) => void): Promise<void> =>
      ask(managerInterface, 'GetHistory', [{}], 'a{sv}', ([records]) => take(records));
    const read = async (): Promise<void> => {
      reading = noObjects;
      const put = (to: (before: Objects) => Objects): void => {
        reading = to(reading ?? noObjects);
      };
      await Promise.all([
        askManager((manager) => put((before) => ({ ...before, manager }))),
        askHistory((records) => put((before) => withHistory(before, records))),
        ask(objectManager, 'GetManagedObjects', [], '', ([managed]) =>
          put((before) => withManaged(before, managed)),
        ),
      ]);
      showObjects(reading);
      reading = undefined;
    };
    const readAgain = async (signal: Signal): Promise<void> => {
      switch (outdated(signal)) {
        case 'manager':
          return askManager((manager) => change((before) => ({ ...before, manager })));
        case 'history':
          return askHistory((records) => change((before) => withHistory(before, records)));
        case undefined:
      }
    };
    const listen = (path: string, member: string, args: unknown[]): void => {
      const signal = { path, member, args };
      change((before) => afterSignal(before, signal));
      // A signal whose value cannot be asked for any more: the agent has left.
      readAgain(signal).catch(() => undefined);
    };
    opened.subscribe(
      { path_namespace: rootPath, interface: propertiesInterface, member: 'PropertiesChanged' },
      (path, _interface, member, args) => listen(path, member, args),
    );
    opened.subscribe({ path: rootPath, interface: objectManager }, (path, _interface, member, args) =>
      listen(path, member, args),
    );
    opened.addEventListener('owner', (_event, owner) => {
      agent?.close();
      agent = owner === null ? undefined : dbus(owner, { bus: 'system' });
      if (owner === null) return;
      read().catch(() => {
        if (view.kind !== 'shown') set({ kind: 'failed' });
      });
    });
    opened.addEventListener('close', () => {
      if (client === opened && view.kind !== 'shown') set({ kind: 'failed' });
    });
  };
  open();

  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    current: () => view,
    retry: () => {
      const before = client;
      client = undefined;
      before?.close();
      set({ kind: 'loading' });
      open();
      // A bus that still waits for the start that has failed does not ask for another.
      spawn(['systemctl', 'start', unitName], { superuser: 'try', err: 'ignore' }).catch(() => undefined);
    },
  };
}
