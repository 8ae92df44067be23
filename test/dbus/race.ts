import { setTimeout as delay } from 'node:timers/promises';
import { asFailure } from '../../src/model/failure.ts';
import { type Bus, connectBus } from '../../src/dbus/connect-bus.ts';
import { readBody } from '../../src/dbus/message.ts';
import { type Variant, variant } from '../../src/dbus/value.ts';

export interface RaceResult {
  readonly calls: number;
  /** What was answered but by a value: errors of the bus or of the service, and calls without answer. */
  readonly lost: readonly string[];
  /** Calls that would have begun a job in a service that was leaving, and were told to call again; they were, and are not lost. */
  readonly busy: number;
  /** Service processes that answered. */
  readonly processes: number;
}

const address = 'unix:path=/run/dbus/system_bus_socket';
const callers = 8;
/** Around the deadline: the service's timer is late by up to some ms, and what is decisive happens within one. */
const earlyMs = 2;
const lateMs = 4;
/** Between the first and the last of one round: some before the name is given up, some after. */
const spreadMs = 2;

/**
 * Calls a service of this host's bus that leaves `idleMs` after its last answer, from several connections, each at a moment of its own
 * around that deadline, again and again.
 */
export async function race(calls: number, idleMs: number): Promise<RaceResult> {
  const processes = new Set<string>();
  const lost: string[] = [];
  let busy = 0;
  let made = 0;
  const connections = await Promise.all(
    Array.from({ length: callers }, () =>
      connectBus(address, { bodyBytesMax: 100_000, onMessage: () => {} }),
    ),
  );
  const once = async (bus: Bus, kind: number): Promise<void> => {
    made += 1;
    try {
      const answer = await bus.call(kind === 0 ? startJob : kind === 1 ? refresh : askProcess, {
        limitMs: 60_000,
      });
      if (answer.errorName === 'org.boundimages1.Error.Busy') {
        busy += 1;
        made -= 1;
        return await once(bus, kind);
      }
      if (answer.kind === 'error') lost.push(`${answer.errorName}: ${readBody(answer)[0] as string}`);
      else if (kind > 1) processes.add((readBody(answer)[0] as Variant).value as string);
    } catch (error) {
      lost.push(asFailure(error).message);
    }
  };
  for (let rounds = Math.ceil(calls / callers); rounds > 0; rounds -= 1) {
    const firstMs = idleMs - earlyMs + Math.random() * (earlyMs + lateMs);
    await Promise.all(
      connections.map(async (bus, index) => {
        await delay(firstMs + Math.random() * spreadMs);
        await once(bus, index);
      }),
    );
  }
  await Promise.all(connections.map((bus) => bus.close()));
  return { calls: made, lost, busy, processes: processes.size };
}

const manager = {
  destination: 'org.boundimages1',
  path: '/org/boundimages1',
  interface: 'org.boundimages1.Manager',
} as const;
const startJob = {
  ...manager,
  member: 'Prefetch',
  signature: 'asa{sv}',
  body: [[], new Map([['scope', variant('s', 'booted')]])],
};
const refresh = { ...manager, member: 'Refresh', signature: 'a{sv}', body: [new Map()] };
const askProcess = {
  ...manager,
  interface: 'org.freedesktop.DBus.Properties',
  member: 'Get',
  signature: 'ss',
  body: ['org.boundimages1.Manager', 'Version'],
};
