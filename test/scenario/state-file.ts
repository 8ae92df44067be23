import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HostState } from '../../src/model/host-state.ts';
import type { Host } from '../host/boot.ts';

const statePath = '/run/bound-images/state.json';
const usualLimitMs = 90_000;

/** What /run/bound-images/state.json says: reading it neither starts the agent nor keeps it from leaving. */
export async function stateFile(host: Host): Promise<HostState> {
  return JSON.parse(await readFile(host.path(statePath), 'utf8')) as HostState;
}

/** The state that is written down, once that is true of it. @throws Error after the limit, with the state as it is then */
export async function untilState(
  host: Host,
  holds: (state: HostState) => boolean,
  limitMs = usualLimitMs,
): Promise<HostState> {
  const { promise, resolve, reject } = Promise.withResolvers<HostState>();
  let last: HostState | undefined;
  const look = async (): Promise<void> => {
    // Where it is not there yet, its coming is a change too.
    last = await stateFile(host).catch(() => last);
    if (last !== undefined && holds(last)) resolve(last);
  };
  const folder = watch(dirname(host.path(statePath)), () => void look());
  const limit = setTimeout(
    () => reject(new Error(`not so within ${limitMs} ms: ${JSON.stringify(last)}`)),
    limitMs,
  );
  try {
    await look();
    return await promise;
  } finally {
    clearTimeout(limit);
    folder.close();
  }
}
