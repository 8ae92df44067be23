import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectAgent } from '../../src/dbus/client.ts';
import { type Bus, busDriver, connectBus } from '../../src/dbus/connect-bus.ts';
import { interfaceXml } from '../../src/dbus/interface-text.ts';
import { type Message, readBody } from '../../src/dbus/message.ts';
import { parseInterfaces, signatureOf } from '../../src/dbus/parse-interfaces.ts';
import { readRecord } from '../../src/dbus/read-properties.ts';
import { serve } from '../../src/dbus/serve.ts';
import { type Dictionary, type Value, variant } from '../../src/dbus/value.ts';
import type { Failure } from '../../src/model/failure.ts';
import type { JobRecord } from '../../src/model/host-agent.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { type MemoryAgent, memoryAgent, memoryImage } from './memory-agent.ts';
import { type PrivateBus, privateBus } from './private-bus.ts';

const manager = 'org.boundimages1.Manager';
const root = '/org/boundimages1';
const properties = 'org.freedesktop.DBus.Properties';
const app = `${root}/image/quay_2eio_2fex_2fapp_3a1`;

let daemon: PrivateBus;
let agent: MemoryAgent;
let stop: AbortController;
let served: Promise<void>;
let caller: Bus;
let signals: Message[];
let defects: Failure[];
let onSignal: () => void;

beforeEach(async () => {
  daemon = await privateBus();
  agent = memoryAgent([memoryImage('quay.io/ex/app:1'), memoryImage('quay.io/ex/db:2')], 7n);
  await begin();
  signals = [];
  onSignal = () => {};
  caller = await connectBus(daemon.address, {
    bodyBytesMax: 10_000_000,
    onMessage: (message) => {
      if (message.sender === busDriver.destination) return;
      signals.push(message);
      onSignal();
    },
  });
  await call(busDriver.destination, '/org/freedesktop/DBus', busDriver.interface, 'AddMatch', 's', [
    "type='signal'",
  ]);
});

afterEach(async () => {
  await caller.close();
  stop.abort();
  await served.catch(() => {});
  await daemon[Symbol.asyncDispose]();
});

async function begin(idleMs = 60_000): Promise<void> {
  stop = new AbortController();
  defects = [];
  const options = { version: '1.2.3', features: [], bus: daemon.address, idleMs, signal: stop.signal };
  served = serve(agent, { ...options, onDefect: (failure) => defects.push(failure) });
  // The bus queues nothing for a name that is not there yet.
  await using watcher = await connectAgent({ bus: daemon.address });
  while (
    !(await watcher.state().then(
      () => true,
      () => false,
    ))
  )
    await new Promise(setImmediate);
}

async function call(
  destination: string,
  path: string,
  name: string,
  member: string,
  signature = '',
  body: readonly Value[] = [],
): Promise<readonly Value[]> {
  const answer = await caller.call({ destination, path, interface: name, member, signature, body });
  if (answer.kind === 'error') throw new Error(`${answer.errorName}: ${readBody(answer)[0] as string}`);
  return readBody(answer);
}

const ask = (
  path: string,
  name: string,
  member: string,
  signature = '',
  body: readonly Value[] = [],
): Promise<readonly Value[]> => call('org.boundimages1', path, name, member, signature, body);

/** The signals' members and first values, once so many have come. */
async function untilSignals(count: number): Promise<[string | undefined, ...Value[]][]> {
  while (signals.length < count) await new Promise<void>((resolve) => (onSignal = resolve));
  return signals.map((signal) => [signal.member, ...readBody(signal)]);
}

test('busctl sees the tree and every member as the introspection data says', async () => {
  const options = [`--address=${daemon.address}`, '--no-pager'];
  const tree = await runProgram('busctl', [...options, '--list', 'tree', 'org.boundimages1']);
  expect(tree.stdout.toString().trim().split('\n')).toEqual([
    '/',
    '/org',
    root,
    `${root}/image`,
    app,
    `${root}/image/quay_2eio_2fex_2fdb_3a2`,
    `${root}/job`,
  ]);
  const shown = await runProgram('busctl', [
    ...options,
    '--json=short',
    'introspect',
    'org.boundimages1',
    root,
  ]);
  expect(shown.stderr).toBe('');
  const rows = new Map(
    shown.stdout
      .toString()
      .split('\n')
      .map((row) => row.split(/\s+/))
      .map(([name = '', ...rest]) => [name, rest]),
  );
  const known = parseInterfaces(interfaceXml).get(manager);
  for (const [name, method] of known?.methods ?? []) {
    const signatures = [signatureOf(method.in), signatureOf(method.out)].map((text) => text || '-');
    expect([name, ...(rows.get(`.${name}`) ?? [])]).toEqual([name, 'method', ...signatures, '-']);
  }
  for (const name of known?.signals.keys() ?? [])
    expect([name, rows.get(`.${name}`)?.[0]]).toEqual([name, 'signal']);
  for (const [name, { type, changes }] of known?.properties ?? []) {
    const shown = rows.get(`.${name}`);
    const flag = { true: 'emits-change', invalidates: 'emits-invalidation', const: 'const' }[changes];
    expect([name, shown?.[0], shown?.[1], shown?.at(-1)]).toEqual([name, 'property', type, flag]);
  }
  const [xml] = await ask(app, 'org.freedesktop.DBus.Introspectable', 'Introspect');
  expect(xml).toContain(parseInterfaces(interfaceXml).get('org.boundimages1.Image')?.text);
});

test('properties: one, all, of an interface that the object lacks, none can be set', async () => {
  expect(await ask(root, properties, 'Get', 'ss', [manager, 'Version'])).toEqual([variant('s', '1.2.3')]);
  const [all] = (await ask(app, properties, 'GetAll', 's', ['org.boundimages1.Image'])) as [Dictionary];
  expect(all.get('Reference')).toEqual(variant('s', 'quay.io/ex/app:1'));
  expect(all.get('BytesToFetch')).toEqual(variant('x', 0n));
  await expect(ask(app, properties, 'GetAll', 's', [manager])).rejects.toThrow('UnknownInterface');
  await expect(ask(root, properties, 'Get', 'ss', [manager, 'constructor'])).rejects.toThrow(
    'UnknownProperty',
  );
  const set = [manager, 'State', variant('s', 'damaged')];
  await expect(ask(root, properties, 'Set', 'ssv', set)).rejects.toThrow('PropertyReadOnly');
  expect(await ask(root, properties, 'Get', 'ss', [manager, 'State'])).toEqual([variant('s', 'ready')]);
});

test('GetManagedObjects lists images and jobs, and not the manager', async () => {
  const [, job] = await ask(root, manager, 'Prefetch', 'asa{sv}', [[], new Map()]);
  const [objects] = (await ask(root, 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects')) as [
    Map<string, Map<string, Dictionary>>,
  ];
  expect([...objects.keys()]).toEqual([app, `${root}/image/quay_2eio_2fex_2fdb_3a2`, job]);
  expect([...(objects.get(job as string)?.keys() ?? [])]).toEqual(['org.boundimages1.Job']);
});

test('a new job is announced before the answer that names it; its end and its going are told', async () => {
  const told: string[] = [];
  onSignal = () => told.push(signals.at(-1)?.member ?? '');
  const started = ask(root, manager, 'CollectGarbage', 'a{sv}', [new Map([['dry-run', variant('b', true)]])]);
  expect(await started.finally(() => told.push('answer'))).toEqual([7n, `${root}/job/7`]);
  expect(told).toEqual(['InterfacesAdded', 'PropertiesChanged', 'answer']);
  expect(agent.asked).toEqual(['start {"operation":"gc","dryRun":true} 0']);
  agent.setJob(7n, {
    state: 'failed',
    error: { code: 'NoSpace', text: 'full' },
    result: { freedBytes: 5, images: ['x'] },
  });
  agent.removeJob(7n);
  const [, , ended, idle, removed, gone] = await untilSignals(6);
  expect(ended?.slice(1)).toEqual([
    'org.boundimages1.Job',
    new Map([
      ['State', variant('s', 'failed')],
      ['Error', variant('(ss)', ['org.boundimages1.Error.NoSpace', 'full'])],
      [
        'Result',
        variant(
          'a{sv}',
          new Map([
            ['freed-bytes', variant('t', 5n)],
            ['images', variant('as', ['x'])],
          ]),
        ),
      ],
    ]),
    [],
  ]);
  expect(idle?.slice(1, 3)).toEqual([manager, new Map([['ActiveJobs', variant('ao', [])]])]);
  expect(removed).toEqual(['JobRemoved', 7n, `${root}/job/7`, 'failed', 'org.boundimages1.Error.NoSpace']);
  expect(gone).toEqual(['InterfacesRemoved', `${root}/job/7`, ['org.boundimages1.Job']]);
});

test('progress is told of at most 4 times a second, the last value always', async () => {
  await ask(root, manager, 'Prefetch', 'asa{sv}', [[], new Map()]);
  await untilSignals(2);
  const beganMs = performance.now();
  for (let done = 1; done <= 1_000; done += 1) {
    agent.setJob(7n, { bytesDone: done, progress: done / 1_000 });
    if (done % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const last = (): Value | undefined =>
    (readBody(signals.at(-1) as Message)[1] as Dictionary).get('BytesDone')?.value;
  while (last() !== 1_000n) await new Promise<void>((resolve) => (onSignal = resolve));
  const seconds = (performance.now() - beganMs) / 1_000;
  expect(signals.length - 2).toBeGreaterThan(1);
  expect(signals.length - 2).toBeLessThanOrEqual(4 * seconds + 1);
});

test('the history: what has ended, newest first, and no option that is not known', async () => {
  const ended: JobRecord = {
    id: 5n,
    operation: 'prefetch',
    startedByUid: 1000,
    startTimeUs: 10,
    endTimeUs: 20,
    result: 'failed',
    fetchedBytes: 4_000_000_000_000,
    freedBytes: 0,
    images: ['quay.io/ex/app:1'],
    imagesTotal: 30,
    damagedTotal: 2,
    error: { code: 'NotFound', text: 'the registry has no such image' },
  };
  agent.setHistory([ended, { ...ended, id: 4n }]);
  const [records] = await ask(root, manager, 'GetHistory', 'a{sv}', [new Map()]);
  const [first, second] = records as readonly Dictionary[];
  expect(first?.get('error')).toEqual(
    variant('(ss)', ['org.boundimages1.Error.NotFound', 'the registry has no such image']),
  );
  expect(readRecord(first as Dictionary)).toEqual(ended);
  expect(second?.get('id')).toEqual(variant('t', 4n));
  const unknown = new Map([['x', variant('b', true)]]);
  await expect(ask(root, manager, 'GetHistory', 'a{sv}', [unknown])).rejects.toThrow('InvalidArgs');
});

test('changes of state: values, invalidated ones by name, new and gone images, nothing twice', async () => {
  agent.setState({
    state: 'incomplete',
    storageBytes: 9,
    images: [memoryImage('quay.io/ex/app:1', { state: 'missing' }), memoryImage('new')],
  });
  agent.setState({ state: 'incomplete' });
  agent.setState({ lastRefreshUs: 3 });
  const [gone, changed, added, ofManager, last] = await untilSignals(5);
  expect(gone?.[0]).toBe('InterfacesRemoved');
  expect(changed).toEqual([
    'PropertiesChanged',
    'org.boundimages1.Image',
    new Map([['State', variant('s', 'missing')]]),
    [],
  ]);
  expect(added?.slice(0, 2)).toEqual(['InterfacesAdded', `${root}/image/new`]);
  expect(ofManager).toEqual([
    'PropertiesChanged',
    manager,
    new Map([
      ['State', variant('s', 'incomplete')],
      ['ImagesMissing', variant('u', 1)],
    ]),
    ['StorageBytes'],
  ]);
  expect(last?.[2]).toEqual(new Map([['LastRefresh', variant('t', 3n)]]));
});

test.each<[string, () => Promise<unknown>, string]>([
  ['a path without object', () => ask('/x', manager, 'Refresh', 'a{sv}', [new Map()]), 'UnknownObject'],
  [
    'a job that is not',
    () => ask(`${root}/job/07`, manager, 'Cancel', 'a{sv}', [new Map()]),
    'UnknownObject',
  ],
  [
    'an interface of another object',
    () => ask(app, manager, 'Refresh', 'a{sv}', [new Map()]),
    'UnknownInterface',
  ],
  ['a method that is none', () => ask(root, manager, 'toString'), 'UnknownMethod'],
  [
    'another signature',
    () => ask(root, manager, 'Refresh', 's', ['x']),
    'InvalidArgs: Refresh takes "a{sv}", not "s"',
  ],
  [
    'an unknown option',
    () => ask(root, manager, 'Refresh', 'a{sv}', [new Map([['__proto__', variant('b', true)]])]),
    'InvalidArgs: option "__proto__"',
  ],
  [
    'an option of another type',
    () => ask(root, manager, 'Verify', 'asa{sv}', [[], new Map([['deep', variant('s', 'yes')]])]),
    'InvalidArgs: option deep is a boolean (b), not s',
  ],
  [
    'a scope that is none',
    () => ask(root, manager, 'Prefetch', 'asa{sv}', [[], new Map([['scope', variant('s', 'other')]])]),
    'InvalidArgs: option scope',
  ],
  [
    'an image that nothing binds',
    () => ask(root, manager, 'GetImage', 's', ['x']),
    'org.boundimages1.Error.NotFound',
  ],
  [
    'a failure of the agent',
    () => ask(root, manager, 'Plan', 'sa{sv}', ['missing', new Map()]),
    'org.boundimages1.Error.NotFound: the registry has no such image',
  ],
])('%s is refused', async (_, ask, error) => {
  await expect(ask()).rejects.toThrow(error);
});

test('of a defect the caller learns nothing but that it is one', async () => {
  await expect(ask(root, manager, 'Plan', 'sa{sv}', ['defect', new Map()])).rejects.toThrow(
    /^org\.boundimages1\.Error\.Internal: an internal error; the journal/,
  );
  expect(defects.map(({ message }) => message)).toEqual(['/secret/path of a defect']);
});

test('our own client: state, plan, jobs that are followed to their end, errors', async () => {
  await using client = await connectAgent({ bus: daemon.address });
  expect(await client.state()).toEqual(agent.state());
  expect((await client.plan('docker://os')).images).toHaveLength(2);
  await client.refresh();
  const id = await client.start({
    operation: 'verify',
    images: ['a'],
    scope: 'booted',
    deep: true,
    repair: false,
  });
  const states: string[] = [];
  const followed = client.followJob(id, ({ state, bytesDone }) => states.push(`${state} ${bytesDone}`));
  expect(await client.jobs()).toEqual(agent.jobs());
  agent.setJob(id, { bytesDone: 5, bytesTotal: 9, state: 'running' });
  agent.setJob(id, { state: 'succeeded', result: { damaged: ['a'] } });
  expect(await followed).toEqual(agent.jobs()[0]);
  expect(states.at(-1)).toBe('succeeded 5');
  await client.cancel(id);
  await expect(client.followJob(99n, () => {})).rejects.toMatchObject({ code: 'NotFound' });
  await expect(client.plan('missing')).rejects.toMatchObject({ code: 'NotFound' });
});

test('a client is not fooled by a signal of another sender', async () => {
  await using client = await connectAgent({ bus: daemon.address });
  const id = await client.start({ operation: 'gc', dryRun: true });
  const states: string[] = [];
  const followed = client.followJob(id, ({ state }) => states.push(state));
  await client.jobs();
  const forged = ['org.boundimages1.Job', new Map([['State', variant('s', 'failed')]]), []];
  caller.send({
    kind: 'signal',
    path: `${root}/job/${id}`,
    interface: properties,
    member: 'PropertiesChanged',
    signature: 'sa{sv}as',
    body: forged,
  });
  await call(busDriver.destination, busDriver.path, busDriver.interface, 'GetId');
  await client.jobs();
  agent.setJob(id, { state: 'succeeded' });
  await followed;
  expect(states).not.toContain('failed');
});

test('watching tells of changes, and ends when asked', async () => {
  await using client = await connectAgent({ bus: daemon.address });
  const end = new AbortController();
  const told = Promise.withResolvers<void>();
  const watched = client.watch(told.resolve, end.signal);
  agent.setState({ state: 'damaged' });
  await told.promise;
  end.abort();
  await expect(watched).resolves.toBeUndefined();
});

test('it leaves when nobody asks, not while a job runs, and the name is free then', async () => {
  stop.abort();
  await served;
  await begin(100);
  await ask(root, manager, 'Prefetch', 'asa{sv}', [[], new Map()]);
  const still = Symbol('still there');
  const later = new Promise((resolve) => setTimeout(resolve, 400, still));
  expect(await Promise.race([served, later])).toBe(still);
  agent.setJob(7n, { state: 'succeeded' });
  await served;
  expect(
    await call(busDriver.destination, busDriver.path, busDriver.interface, 'NameHasOwner', 's', [
      'org.boundimages1',
    ]),
  ).toEqual([false]);
});

test('who follows a job is told of its end when the agent is made to leave', async () => {
  await using client = await connectAgent({ bus: daemon.address });
  const id = await client.start({ operation: 'upgrade', apply: false });
  const followed = client.followJob(id, () => {});
  await client.jobs();
  stop.abort();
  await served;
  expect((await followed).state).toBe('cancelled');
});

test('it ends when the bus dies, and while another has the name it does not begin', async () => {
  const second = serve(agent, {
    version: '',
    features: [],
    bus: daemon.address,
    signal: stop.signal,
    onDefect: () => {},
  });
  await expect(second).rejects.toMatchObject({ code: 'Busy' });
  daemon.kill();
  await expect(served).rejects.toMatchObject({ code: 'Transient' });
});

test('calls beyond what one caller may have open are refused; of a large one the answer says so', async () => {
  const calls = Array.from({ length: 100 }, () =>
    ask(root, manager, 'Refresh', 'a{sv}', [new Map()]).then(
      () => 'answered',
      (error: Error) => error.message,
    ),
  );
  const answers = await Promise.all(calls);
  expect(answers.filter((answer) => answer === 'answered').length).toBeGreaterThanOrEqual(64);
  for (const answer of answers) if (answer !== 'answered') expect(answer).toMatch('LimitsExceeded');
  await expect(ask(root, manager, 'GetImage', 's', ['x'.repeat(300_000)])).rejects.toThrow('LimitsExceeded');
});
