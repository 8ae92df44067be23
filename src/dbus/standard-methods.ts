import type { HostAgent } from '../model/host-agent.ts';
import { type Refusal, refuse } from './error-names.ts';
import { interfacesOf, introspect } from './introspect.ts';
import type { Answer, Handler, Request } from './methods.ts';
import { imagePath, jobPath } from './object-path.ts';
import {
  type BusObject,
  type Objects,
  asDictionary,
  imageInterface,
  interfaceOf,
  jobInterface,
} from './objects.ts';
import { imageProperties, jobProperties } from './describe.ts';
import type { Interface, Property } from './parse-interfaces.ts';
import { type Dictionary, type Value, variant } from './value.ts';
import { writeValues } from './write-values.ts';

/** The methods of `org.freedesktop.DBus.*` on our objects, by `INTERFACE.MEMBER` (D-Bus Specification, "Standard Interfaces"). */
export function createStandardMethods(
  agent: HostAgent,
  objects: Objects,
  known: ReadonlyMap<string, Interface>,
): ReadonlyMap<string, Handler> {
  const typesOf = (name: string): ReadonlyMap<string, Property> => known.get(name)?.properties ?? new Map();
  /** The properties of an interface that is asked for by name: an object without it is an error, as is a name that nothing has. */
  const propertiesOf = (
    object: BusObject,
    name: string,
  ): { values: ReadonlyMap<string, Value>; types: ReadonlyMap<string, Property> } | Refusal => {
    if (!interfacesOf(object).includes(name))
      return refuse('UnknownInterface', 'the object has no interface of that name');
    const values = name === interfaceOf(object) ? objects.properties(object) : new Map<string, Value>();
    return { values, types: typesOf(name) };
  };

  const get = ({ object, args }: Request): Answer => {
    const [name, member] = args as [string, string];
    const found = propertiesOf(object, name);
    if ('kind' in found) return found;
    const value = found.values.get(member);
    const type = found.types.get(member)?.type;
    return value === undefined || type === undefined
      ? refuse('UnknownProperty', `${name} has no property of that name`)
      : [variant(type, value)];
  };
  const getAll = ({ object, args: [name] }: Request): Answer => {
    const found = propertiesOf(object, name as string);
    return 'kind' in found ? found : [asDictionary(found.values, found.types)];
  };
  const set = ({ object, args }: Request): Answer => {
    const [name, member] = args as [string, string];
    const found = propertiesOf(object, name);
    if ('kind' in found) return found;
    return found.types.has(member)
      ? refuse('PropertyReadOnly', `${name}.${member} is read-only, as all properties here are`)
      : refuse('UnknownProperty', `${name} has no property of that name`);
  };
  // Of a thousand images it takes tens of milliseconds, and anybody may ask as often as he likes.
  let written: Buffer | undefined;
  agent.subscribe(() => (written = undefined));
  const managed = (): Buffer => (written ??= writeValues('a{oa{sa{sv}}}', [everything()]));
  const everything = (): ReadonlyMap<string, Value> => {
    const entry = (path: string, name: string, values: ReadonlyMap<string, Value>): [string, Value] => [
      path,
      new Map<string, Dictionary>([[name, asDictionary(values, typesOf(name))]]),
    ];
    const images = agent
      .state()
      .images.map((image) => entry(imagePath(image.reference), imageInterface, imageProperties(image)));
    const jobs = agent.jobs().map((job) => entry(jobPath(job.id), jobInterface, jobProperties(job)));
    return new Map([...images, ...jobs]);
  };

  return new Map<string, Handler>([
    ['org.freedesktop.DBus.Peer.Ping', () => []],
    [
      'org.freedesktop.DBus.Peer.GetMachineId',
      async () => {
        const { readFile } = await import('node:fs/promises');
        return [(await readFile('/etc/machine-id', 'utf8')).trim()];
      },
    ],
    ['org.freedesktop.DBus.Introspectable.Introspect', ({ object }) => [introspect(object, known)]],
    ['org.freedesktop.DBus.Properties.Get', get],
    ['org.freedesktop.DBus.Properties.GetAll', getAll],
    ['org.freedesktop.DBus.Properties.Set', set],
    ['org.freedesktop.DBus.ObjectManager.GetManagedObjects', managed],
  ]);
}
