import { expect, test } from 'vitest';
import { announceChanges } from '../../src/dbus/announce.ts';
import { dispatch } from '../../src/dbus/dispatch.ts';
import { interfaceXml } from '../../src/dbus/interface-text.ts';
import type { Message, Outgoing } from '../../src/dbus/message.ts';
import { createObjects } from '../../src/dbus/objects.ts';
import { parseInterfaces } from '../../src/dbus/parse-interfaces.ts';
import { standardXml } from '../../src/dbus/standard-interfaces.ts';
import { createStandardMethods } from '../../src/dbus/standard-methods.ts';
import { writeValues } from '../../src/dbus/write-values.ts';
import { memoryAgent, memoryImage } from './memory-agent.ts';

const reads = [
  ['org.freedesktop.DBus.ObjectManager', 'GetManagedObjects', '', []],
  ['org.freedesktop.DBus.Properties', 'GetAll', 's', ['org.boundimages1.Manager']],
] as const;

test.each(reads)(
  '%s.%s is answered before what changes next is told',
  async (name, member, signature, body) => {
    const agent = memoryAgent([memoryImage('quay.io/ex/app:1')]);
    const facts = { version: '1', features: [] };
    const known = new Map([...parseInterfaces(interfaceXml), ...parseInterfaces(standardXml)]);
    const objects = createObjects(agent, facts);
    const handlers = createStandardMethods(agent, objects, known);
    const sent: Outgoing[] = [];
    const send = (message: Outgoing): void => void sent.push(message);
    const end = announceChanges(agent, facts, known, send);

    const call: Message = {
      kind: 'call',
      serial: 5,
      sender: ':1.9',
      noReply: false,
      interactive: false,
      path: '/org/boundimages1',
      interface: name,
      member,
      signature,
      body: writeValues(signature, body),
      little: true,
    };
    const answered = dispatch(call, { objects, known, handlers, onDefect: throwIt }, send);
    agent.start({ operation: 'gc', dryRun: true }, 0);
    await answered;
    end();

    expect(sent.map(({ kind, member }) => member ?? kind)).toEqual([
      'return',
      'InterfacesAdded',
      'PropertiesChanged',
    ]);
  },
);

function throwIt(error: Error): never {
  throw error;
}
