import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { connectAgent } from '../../src/dbus/client.ts';
import { type Bus, busDriver, connectBus } from '../../src/dbus/connect-bus.ts';
import { type Message, readBody } from '../../src/dbus/message.ts';
import { serve } from '../../src/dbus/serve.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { installService } from './install-service.ts';
import { memoryAgent } from './memory-agent.ts';
import { privateBus } from './private-bus.ts';

const nobody = 65_534;
const daemon = 1;
const rules = '/etc/polkit-1/rules.d/50-test.rules';
const root = '/org/boundimages1';
const manager = ['org.boundimages1', root, 'org.boundimages1.Manager'];

/** What busctl prints as a user, or its complaint. */
async function busctl(uid: number, interactive: boolean, call: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram('setpriv', asUser(uid, interactive, call));
  return (exitCode === 0 ? stdout.toString() : stderr).trim();
}

function asUser(uid: number, interactive: boolean, call: readonly string[], address = ''): string[] {
  const user = ['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups'];
  const bus = address === '' ? [] : [`--address=${address}`];
  return [...user, 'busctl', ...bus, `--allow-interactive-authorization=${interactive}`, 'call', ...call];
}

test('with the real polkit: who may do what, and whose job it is', async () => {
  await using _ = await installService();
  const refresh = [...manager, 'Refresh', 'a{sv}', '0'];
  const prefetch = [...manager, 'Prefetch', 'asa{sv}', '0', '0'];
  expect(await busctl(0, false, prefetch)).toMatch(/^to \d+ "\/org\/boundimages1\/job\/\d+"$/);
  // No session of nobody's is active: an administrator's password would be needed.
  expect(await busctl(nobody, false, refresh)).toContain('refresh is for administrators');
  expect(await busctl(nobody, true, refresh)).toContain('Access denied');
  await writeFile(
    rules,
    // polkitd's engine knows the language as it was in 2009.
    `polkit.addRule(function (action, subject) {
  var allowed = ['org.boundimages1.refresh', 'org.boundimages1.prefetch'];
  if (subject.user === 'nobody' && allowed.indexOf(action.id) !== -1) return polkit.Result.YES;
});
`,
  );
  try {
    await runProgram('systemctl', ['restart', 'polkit.service']);
    expect(await busctl(nobody, false, refresh)).toBe('');
    expect(await busctl(nobody, false, [...manager, 'CollectGarbage', 'a{sv}', '0'])).toContain(
      'gc is for administrators',
    );
    expect(
      await busctl(nobody, false, [...manager, 'Verify', 'asa{sv}', '0', '1', 'deep', 'b', 'true']),
    ).toContain('verify is for administrators');
    // A repair fetches.
    expect(
      await busctl(nobody, false, [...manager, 'Verify', 'asa{sv}', '0', '1', 'repair', 'b', 'true']),
    ).toMatch(/^to /);
    const [, path = ''] = /"(.*)"/.exec(await busctl(nobody, false, prefetch)) ?? [];
    const cancel = ['org.boundimages1', path, 'org.boundimages1.Job', 'Cancel', 'a{sv}', '0'];
    expect(await busctl(daemon, false, cancel)).toContain('cancel is for administrators');
    expect(await busctl(nobody, false, cancel)).toBe('');
    await using client = await connectAgent();
    const jobs = await client.jobs();
    expect(jobs.map(({ startedByUid, operation, state }) => [startedByUid, operation, state])).toEqual([
      [0, 'prefetch', 'running'],
      [nobody, 'verify', 'running'],
      [nobody, 'prefetch', 'cancelled'],
    ]);
  } finally {
    await rm(rules);
    await runProgram('systemctl', ['stop', 'bound-images.service']);
  }
});

test('without polkit nobody but root may, and reading needs nothing', async () => {
  await using _ = await installService();
  await runProgram('systemctl', ['mask', '--runtime', '--now', 'polkit.service']);
  try {
    expect(await busctl(nobody, true, [...manager, 'Refresh', 'a{sv}', '0'])).toContain('Access denied');
    expect(await busctl(0, false, [...manager, 'Refresh', 'a{sv}', '0'])).toBe('');
    const get = [
      'org.boundimages1',
      root,
      'org.freedesktop.DBus.Properties',
      'Get',
      'ss',
      'org.boundimages1.Manager',
      'State',
    ];
    expect(await busctl(nobody, false, get)).toBe('v s "ready"');
  } finally {
    await runProgram('systemctl', ['unmask', '--runtime', 'polkit.service']);
    await runProgram('systemctl', ['stop', 'bound-images.service']);
  }
});

test('a question to a person ends when the one who caused it has left, or the service has to leave', async () => {
  await using bus = await privateBus();
  const stop = new AbortController();
  const agent = memoryAgent();
  const served = serve(agent, {
    version: '',
    features: [],
    bus: bus.address,
    signal: stop.signal,
    onDefect: () => {},
  });
  const questions = await silentPolkit(bus.address);
  const ask = (): ChildProcess =>
    spawn('setpriv', asUser(nobody, true, [...manager, 'Upgrade', 'a{sv}', '0'], bus.address), {
      stdio: 'ignore',
    });
  const first = ask();
  const asked = await questions.next();
  expect(asked).toMatchObject({ member: 'CheckAuthorization', signature: '(sa{sv})sa{ss}us' });
  const [[kind, details], action, , flags, id] = readBody(asked) as [
    [string, ReadonlyMap<string, unknown>],
    string,
    unknown,
    number,
    string,
  ];
  expect([kind, [...details.keys()], action, flags]).toEqual([
    'system-bus-name',
    ['name'],
    'org.boundimages1.upgrade',
    1,
  ]);
  first.kill();
  const cancelled = await questions.next();
  expect([cancelled.member, ...readBody(cancelled)]).toEqual(['CancelCheckAuthorization', id]);
  expect(agent.asked).toEqual([]);
  stop.abort();
  await served;
  await questions.end();
  await (first.exitCode === null && first.signalCode === null ? once(first, 'exit') : undefined);
});

/** A polkit that waits for a person for ever: a stand-in, for what a real one would do only with a desktop. */
async function silentPolkit(
  address: string,
): Promise<{ next: () => Promise<Message>; end: () => Promise<void> }> {
  const calls: Message[] = [];
  let onCall = (): void => {};
  const bus: Bus = await connectBus(address, {
    bodyBytesMax: 10_000,
    onMessage: (message) => {
      if (message.kind !== 'call') return;
      calls.push(message);
      onCall();
    },
  });
  await bus.call({
    ...busDriver,
    member: 'RequestName',
    signature: 'su',
    body: ['org.freedesktop.PolicyKit1', 4],
  });
  const next = async (): Promise<Message> => {
    for (;;) {
      const call = calls.shift();
      if (call !== undefined) return call;
      await new Promise<void>((resolve) => (onCall = resolve));
    }
  };
  return { next, end: bus.close };
}
