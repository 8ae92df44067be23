import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { imageProperties, jobProperties, managerProperties } from '../../src/dbus/describe.ts';
import { interfaceXml } from '../../src/dbus/interface-text.ts';
import { parseInterfaces, signatureOf } from '../../src/dbus/parse-interfaces.ts';
import { readValues } from '../../src/dbus/read-values.ts';
import { parseSignature } from '../../src/dbus/signature.ts';
import { standardXml } from '../../src/dbus/standard-interfaces.ts';
import type { Value } from '../../src/dbus/value.ts';
import { writeValues } from '../../src/dbus/write-values.ts';
import { memoryAgent, memoryImage } from './memory-agent.ts';
import { moduleText } from './module-text.ts';
import { referenceText } from './reference-text.ts';

const project = join(import.meta.dirname, '..', '..');
const xml = await readFile(join(project, 'src/dbus/org.boundimages1.xml'), 'utf8');

test('what is made of the introspection data is up to date: run node test/dbus/generate.ts', async () => {
  expect(interfaceXml).toBe(xml);
  expect(await readFile(join(project, 'src/dbus/interface-text.ts'), 'utf8')).toBe(moduleText(xml));
  expect(await readFile(join(project, 'docs/org.boundimages1.md'), 'utf8')).toBe(referenceText(xml));
});

test('every property of the introspection data has a value, of its type and in its order, and no other', () => {
  const agent = memoryAgent([memoryImage('quay.io/ex/app:1')]);
  const job = agent.start({ operation: 'gc', dryRun: true }, 0);
  const described: Record<string, ReadonlyMap<string, Value>> = {
    'org.boundimages1.Manager': managerProperties({
      version: '1',
      features: ['x'],
      state: agent.state(),
      jobs: agent.jobs(),
    }),
    'org.boundimages1.Image': imageProperties(memoryImage('quay.io/ex/app:1')),
    'org.boundimages1.Job': jobProperties(job),
  };
  for (const { name, properties } of parseInterfaces(xml).values()) {
    const values = described[name] ?? new Map();
    expect([...values.keys()]).toEqual([...properties.keys()]);
    for (const [key, { type }] of properties) {
      expect(readValues(type, writeValues(type, [values.get(key) as Value]), true)).toEqual([
        values.get(key),
      ]);
    }
  }
});

test('members, signatures and how changes are told', () => {
  const manager = parseInterfaces(xml).get('org.boundimages1.Manager');
  const plan = manager?.methods.get('Plan');
  expect([signatureOf(plan?.in ?? []), signatureOf(plan?.out ?? [])]).toEqual(['sa{sv}', 'a(sssxx)a{sv}']);
  expect(signatureOf(manager?.signals.get('JobRemoved') ?? [])).toBe('toss');
  const changes = ['Version', 'State', 'StorageBytes'].map((name) => manager?.properties.get(name)?.changes);
  expect(changes).toEqual(['const', 'true', 'invalidates']);
});

test('no two interfaces of one object have a method of one name, and every signature is one', () => {
  const all = [...parseInterfaces(xml).values(), ...parseInterfaces(standardXml).values()];
  const names = all.flatMap(({ methods }) => [...methods.keys()]);
  expect(new Set(names).size).toBe(names.length);
  for (const { methods, properties } of all) {
    for (const method of methods.values()) parseSignature(signatureOf([...method.in, ...method.out]));
    for (const { type } of properties.values()) expect(parseSignature(type)).toHaveLength(1);
  }
});
