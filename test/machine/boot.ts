import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runInto } from './commands.ts';
import type { Disk } from './disk.ts';
import { frameStartBytes, payloadBytes } from './payload-bytes.ts';

export interface MachineResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A booted machine: the kernel, systemd and SELinux enforcing, under software emulation. Everything takes ten times as long. */
export interface Machine extends AsyncDisposable {
  /** Runs a program as an administrator would. Any exit status is a result. Limited to two minutes unless `limitMs` says else. */
  run(
    argv: readonly [string, ...string[]],
    options?: { limitMs?: number; input?: string },
  ): Promise<MachineResult>;
  /** Ends when the machine is off: powered off, rebooting, or killed. Another `bootMachine` of the same disk is its next boot. */
  readonly off: Promise<void>;
  /** As a power cut: what the kernel has not written is lost. */
  cut(): Promise<void>;
  /** What the kernel and systemd have said on the console. */
  console(): Promise<string>;
  /** Bytes that TCP has brought it over its network so far, whatever still waits outside in sockets; after a cut too. */
  receivedBytes(): Promise<number>;
}

/** Five times what a boot takes on two idle processors. */
const bootLimitMs = 300_000;
const runLimitMs = 120_000;
let machines = 0;

/**
 * @param options `network`: an eth0 that the machine has to set up, by which it reaches our loopback as 10.0.2.2, and without a route nothing else
 * @throws Error with the last lines of the console where it does not come up
 */
export async function bootMachine(
  disk: Disk,
  { network = false }: { readonly network?: boolean } = {},
): Promise<Machine> {
  const name = join(tmpdir(), `machine-${process.pid}-${(machines += 1)}`);
  const [consolePath, linePath, framesPath] = [`${name}.console`, `${name}.line`, `${name}.frames`];
  // The machine is the client of its second serial line, so that it never speaks before we hear.
  const server = createServer();
  server.listen(linePath);
  await once(server, 'listening');
  const qemu = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'SIGKILL',
      'qemu-system-x86_64',
      ...qemuArgv(disk, consolePath, linePath, network ? framesPath : undefined),
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const off = once(qemu, 'exit').then(() => undefined);
  const said = async (): Promise<string> => readFile(consolePath, 'utf8').catch(() => '');
  try {
    const line = await Promise.race([
      connection(server),
      off.then(() => Promise.reject(new Error('qemu ended at once'))),
    ]);
    const commands = runInto(line, createInterface({ input: line }));
    await within(
      bootLimitMs,
      Promise.race([commands.up, off.then(async () => failed('ended while booting', said))]),
      async () => failed(`was not up within ${bootLimitMs} ms`, said),
    );
    return {
      run: async (argv, { limitMs = runLimitMs, input = '' } = {}) =>
        within(
          limitMs,
          Promise.race([commands.run(argv, input), off.then(async () => failed('went off', said))]),
          async () => failed(`did not end ${argv.join(' ')} within ${limitMs} ms`, said),
        ),
      off,
      cut: async () => end(qemu, off),
      console: said,
      receivedBytes: async () => (network ? payloadBytes(await readFile(framesPath)) : 0),
      [Symbol.asyncDispose]: async () => {
        await end(qemu, off);
        for (const path of [consolePath, framesPath]) await rm(path, { force: true });
      },
    };
  } catch (error) {
    await end(qemu, off);
    throw error;
  } finally {
    server.close();
  }
}

async function connection(server: ReturnType<typeof createServer>): Promise<Socket> {
  const [socket] = (await once(server, 'connection')) as [Socket];
  // It ends with the machine.
  socket.on('error', () => {});
  return socket;
}

async function end(qemu: ChildProcess, off: Promise<void>): Promise<void> {
  qemu.kill('SIGKILL');
  await off;
}

function qemuArgv(
  { path, kernelPath, initrdPath }: Disk,
  consolePath: string,
  linePath: string,
  framesPath: string | undefined,
): string[] {
  const kernel =
    'root=/dev/vda rw console=ttyS0 security=selinux selinux=1 enforcing=0 audit_backlog_limit=8192';
  return [
    '-accel=tcg,thread=multi',
    // qemu 7.2 leaves wrong flags behind CMPXCHG16B, with which the kernel's allocator soon corrupts its lists.
    '-cpu=max,cx16=off',
    '-smp=2',
    '-m=1536',
    '-display=none',
    '-monitor=none',
    ...(framesPath === undefined
      ? ['-nic=none']
      : [
          '-netdev=user,id=net',
          '-device=virtio-net-pci,netdev=net',
          `-object=filter-dump,id=frames,netdev=net,file=${framesPath},maxlen=${frameStartBytes}`,
        ]),
    '-no-reboot',
    `-kernel=${kernelPath}`,
    `-initrd=${initrdPath}`,
    `-append=${kernel} panic=-1 net.ifnames=0`,
    `-drive=file=${path},format=raw,if=virtio`,
    `-serial=file:${consolePath}`,
    `-chardev=socket,id=line,path=${linePath}`,
    '-serial=chardev:line',
  ].flatMap(twoWords);
}

/** An option and its value. */
function twoWords(option: string): string[] {
  const at = option.indexOf('=');
  return at === -1 ? [option] : [option.slice(0, at), option.slice(at + 1)];
}

async function within<T>(limitMs: number, work: Promise<T>, otherwise: () => Promise<never>): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, limitMs);
  try {
    return await Promise.race([work, promise.then(otherwise)]);
  } finally {
    clearTimeout(timer);
  }
}

async function failed(why: string, said: () => Promise<string>): Promise<never> {
  throw new Error(`the machine ${why}; its console said last:\n${(await said()).slice(-3_000)}`);
}
