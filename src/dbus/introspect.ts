import { type BusObject, interfaceOf } from './objects.ts';
import type { Interface } from './parse-interfaces.ts';

const doctype =
  '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"\n' +
  '  "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">';

const everywhere = ['Peer', 'Introspectable', 'Properties'].map((name) => `org.freedesktop.DBus.${name}`);
const objectManager = 'org.freedesktop.DBus.ObjectManager';

/** The names of all interfaces that an object answers to. */
export function interfacesOf(object: BusObject): readonly string[] {
  const own = interfaceOf(object);
  return [
    ...everywhere,
    ...(object.kind === 'manager' ? [objectManager] : []),
    ...(own === undefined ? [] : [own]),
  ];
}

/** What Introspect answers: the interfaces as their text has them, comments and all, and the names of the objects below. */
export function introspect(object: BusObject, known: ReadonlyMap<string, Interface>): string {
  const texts = interfacesOf(object).map((name) => `  ${known.get(name)?.text ?? ''}`);
  const children = childrenOf(object).map((name) => `  <node name="${name}"/>`);
  return [doctype, '<node>', ...texts, ...children, '</node>', ''].join('\n');
}

function childrenOf(object: BusObject): readonly string[] {
  if (object.kind === 'folder') return object.children();
  return object.kind === 'manager' ? ['image', 'job'] : [];
}
