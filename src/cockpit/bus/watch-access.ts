import { dbus } from 'cockpit';
import { properties, text, unwrap } from './values.ts';
import type { Watched } from './watch-agent.ts';

const path = '/superuser';
const superuser = 'cockpit.Superuser';
const propertiesInterface = 'org.freedesktop.DBus.Properties';

/** Whether this session has Cockpit's administrative access: undefined until it is known, and followed as the user turns it on or off. */
export function watchAccess(): Watched<boolean | undefined> {
  const listeners = new Set<() => void>();
  let allowed: boolean | undefined;
  const set = (current: string): void => {
    // `root` for a session of root's, else the name of the bridge that runs; `init` while a password is asked for.
    allowed = current !== 'none' && current !== 'init' && current !== '';
    for (const listener of listeners) listener();
  };
  const bridge = dbus(null, { bus: 'internal' });
  bridge.subscribe(
    { path, interface: propertiesInterface, member: 'PropertiesChanged' },
    (_path, _interface, _member, [name, values]) => {
      const current = properties(values)['Current'];
      if (name === superuser && current !== undefined) set(text(current));
    },
  );
  bridge.call(path, propertiesInterface, 'Get', [superuser, 'Current'], { type: 'ss' }).then(
    ([current]) => set(text(unwrap(current))),
    () => set('none'),
  );
  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    current: () => allowed,
  };
}
