import { Failure } from '../model/failure.ts';

const systemBus = 'unix:path=/run/dbus/system_bus_socket';

/** The address of the system bus, as libraries find it: DBUS_SYSTEM_BUS_ADDRESS, else the usual socket. */
export function systemBusAddress(env: Readonly<Record<string, string | undefined>>): string {
  return env['DBUS_SYSTEM_BUS_ADDRESS'] || systemBus;
}

/**
 * The socket's path in the first `unix:` address of a list, as node:net takes it: an abstract one begins with NUL (D-Bus
 * Specification, "Server Addresses").
 * @throws Failure `BadConfiguration`
 */
export function socketPath(addresses: string): string {
  for (const address of addresses.split(';')) {
    if (!address.startsWith('unix:')) continue;
    for (const pair of address.slice('unix:'.length).split(',')) {
      const [key, value = ''] = pair.split('=');
      if (key === 'path') return unescape(value);
      if (key === 'abstract') return `\0${unescape(value)}`;
    }
  }
  throw new Failure('BadConfiguration', `"${addresses}" names no socket of a bus (unix:path=...)`);
}

function unescape(value: string): string {
  return value.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
