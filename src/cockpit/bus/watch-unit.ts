import { dbus } from 'cockpit';
import { type Properties, properties, text } from './values.ts';
import type { Watched } from './watch-agent.ts';

/** systemd's name of the unit as an object: letters and digits stay, the rest is `_` and the byte in hex (sd_bus_path_encode(3)). */
const path = '/org/freedesktop/systemd1/unit/bound_2dimages_2eservice';
const unitInterface = 'org.freedesktop.systemd1.Unit';
const propertiesInterface = 'org.freedesktop.DBus.Properties';

export type UnitState = 'unknown' | 'missing' | 'failed' | 'fine';

/**
 * Follows the agent's unit: that it left because it was idle and that it crashed look alike on the bus.
 * @param hasAnswered whether the agent has, since the page was opened
 */
export function watchUnit(hasAnswered: () => boolean): Watched<UnitState> {
  const listeners = new Set<() => void>();
  let state: UnitState = 'unknown';
  const set = ({ LoadState: load, ActiveState: active, SubState: sub }: Properties): void => {
    const next = text(load) === 'not-found' ? 'missing' : isDown(active, sub) ? 'failed' : 'fine';
    if (next === state) return;
    state = next;
    for (const listener of listeners) listener();
  };
  const systemd = dbus('org.freedesktop.systemd1', { bus: 'system' });
  systemd.subscribe(
    { path, interface: propertiesInterface, member: 'PropertiesChanged' },
    (_path, _interface, _member, [name, values]) => {
      const changed = properties(values);
      if (name === unitInterface && changed['ActiveState'] !== undefined) set(changed);
    },
  );
  const read = async (): Promise<void> => {
    // Or it tells nobody.
    await systemd.call('/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', 'Subscribe', [], {
      type: '',
    });
    const [values] = await systemd.call(path, propertiesInterface, 'GetAll', [unitInterface], { type: 's' });
    const now = properties(values);
    // A failure from before is no news: by now the bus has been asked to start it again.
    if (hasAnswered() || !isDown(now['ActiveState'], now['SubState'])) set(now);
  };
  read().catch(() => undefined);
  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    current: () => state,
  };
}

/** One that is to come back by itself (Restart=) is down until it does. */
function isDown(active: unknown, sub: unknown): boolean {
  return active === 'failed' || sub === 'auto-restart';
}
