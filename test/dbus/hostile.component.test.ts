import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { socketPath } from '../../src/dbus/bus-address.ts';
import { type AgentClient, connectAgent } from '../../src/dbus/client.ts';
import { busDriver, connectBus } from '../../src/dbus/connect-bus.ts';
import { readBody } from '../../src/dbus/message.ts';
import { hostileMessages } from './hostile-messages.ts';
import { installService } from './install-service.ts';
import { privateBus } from './private-bus.ts';

const systemBus = 'unix:path=/run/dbus/system_bus_socket';
const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
const rssGrowthMax = 64 * 1024 * 1024;

test('from an unprivileged user on the system bus: it stays, answers, does not grow, nothing changes', async () => {
  await using _ = await installService();
  expect(await withstand(systemBus)).toEqual({ wronglyAnswered: [], otherByteOrder: 'answer' });
});

test('the same on a bus whose policy stops none of it', async () => {
  await using bus = await privateBus();
  const program = join(import.meta.dirname, 'agent-program.ts');
  const service = spawn(process.execPath, [program], {
    env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus.address },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  try {
    await until(() => isServed(bus.address));
    expect(await withstand(bus.address)).toEqual({ wronglyAnswered: [], otherByteOrder: 'answer' });
  } finally {
    if (service.exitCode === null) {
      service.kill('SIGTERM');
      await once(service, 'exit');
    }
  }
});

async function withstand(address: string): Promise<object> {
  await using client = await connectAgent({ bus: address });
  const before = { state: await client.state(), jobs: await client.jobs() };
  const pid = await servicePid(address);
  const sender = startSender(address);
  const outcomes = new Map<string, string>();
  // Once around, so that what is compiled and cached for the first of each kind is there already.
  for (const round of ['warm', 'measured']) {
    const rss = await rssBytes(pid);
    for (const [index, { name }] of hostileMessages.entries()) {
      outcomes.set(name, await sender.send(index));
      expect({ after: name, pid: await servicePid(address), ...(await shown(client)) }).toEqual({
        after: name,
        pid,
        ...before,
      });
    }
    if (round === 'measured') expect((await rssBytes(pid)) - rss).toBeLessThan(rssGrowthMax);
  }
  sender.process.kill();
  expect(hostileMessages.length).toBeGreaterThanOrEqual(39);
  expect([...outcomes.values()].filter((outcome) => outcome.startsWith('error ')).length).toBeGreaterThan(30);
  const answered = [...outcomes].filter(([, outcome]) => outcome === 'answer').map(([name]) => name);
  return {
    wronglyAnswered: answered.filter((name) => !mayBeAnswered.has(name)),
    otherByteOrder: outcomes.get('the other byte order, in a good call'),
  };
}

const mayBeAnswered = new Set([
  'the other byte order, in a good call',
  'five hundred calls for everything, answers unread',
]);

async function shown(client: AgentClient): Promise<object> {
  return { state: await client.state(), jobs: await client.jobs() };
}

function startSender(address: string): { send: (index: number) => Promise<string>; process: ChildProcess } {
  const program = join(import.meta.dirname, 'hostile-sender.ts');
  const child = spawn('setpriv', [...nobody, process.execPath, program, socketPath(address)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const send = async (index: number): Promise<string> => {
    child.stdin.write(`${index}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the sender ended');
    return value;
  };
  return { send, process: child };
}

async function servicePid(address: string): Promise<number> {
  const bus = await connectBus(address, { bodyBytesMax: 10_000, onMessage: () => {} });
  const body = ['org.boundimages1'];
  const answer = await bus.call({ ...busDriver, member: 'GetConnectionUnixProcessID', signature: 's', body });
  await bus.close();
  return answer.kind === 'error' ? 0 : (readBody(answer)[0] as number);
}

async function isServed(address: string): Promise<boolean> {
  return (await servicePid(address)) !== 0;
}

async function rssBytes(pid: number): Promise<number> {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(setImmediate);
}
