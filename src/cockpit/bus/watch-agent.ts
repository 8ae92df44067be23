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
    let objects: Objects = noObjects;
    /** Of a reading that is not complete yet: signals change it too. */
    let reading: Objects | undefined;
    const showObjects = (): void =>
      set({ kind: 'shown', ...show(objects, view.kind === 'shown' ? view : undefined) });

    /** By its own name: a question to the service's would start the next agent, though somebody has just stopped this one. */
    let agent: BusClient | undefined;
    const ask: BusClient['call'] = async (...call) =>
      agent === undefined ? Promise.reject(new Error('the agent has left')) : agent.call(...call);
    const askManager = async (): Promise<Properties> => {
      const [manager] = await ask(rootPath, propertiesInterface, 'GetAll', [managerInterface], {
        type: 's',
      });
      return properties(manager);
    };
    const askHistory = async (): Promise<unknown> => {
      const [records] = await ask(rootPath, managerInterface, 'GetHistory', [{}], { type: 'a{sv}' });
      return records;
    };
    const read = async (): Promise<void> => {
      reading = noObjects;
      const change = (to: (objects: Objects) => Objects): void => {
        reading = to(reading ?? noObjects);
      };
      const parts = [
        askManager().then((manager) => change((before) => ({ ...before, manager }))),
        askHistory().then((records) => change((before) => withHistory(before, records))),
        ask(rootPath, objectManager, 'GetManagedObjects', [], { type: '' }).then(([managed]) =>
          change((before) => withManaged(before, managed)),
        ),
      ];
      await Promise.all(parts);
      objects = reading;
      reading = undefined;
      showObjects();
    };
    const onSignal = async ({ path, member, args }: Signal): Promise<void> => {
      if (reading !== undefined) reading = afterSignal(reading, { path, member, args });
      const after = afterSignal(objects, { path, member, args });
      const old = outdated({ path, member, args });
      if (after === objects && old === undefined) return;
      objects = after;
      showObjects();
      if (old === undefined) return;
      if (old === 'manager') {
        const manager = await askManager();
        objects = { ...objects, manager };
      } else {
        const records = await askHistory();
        objects = withHistory(objects, records);
      }
      showObjects();
    };
    const listen = (path: string, member: string, args: unknown[]): void => {
      // A signal whose value cannot be asked for any more: the agent has left.
      onSignal({ path, member, args }).catch(() => undefined);
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
