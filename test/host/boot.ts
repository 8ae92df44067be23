import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../src/system/run-program.ts';
import { endCgroup, makeCgroup } from './cgroup.ts';
import { makeDisk, ownName, removeLeftovers } from './disk.ts';
import { type Inside, enterArgv } from './enter.ts';
import { builtRoot } from './root.ts';

export interface HostOptions {
  readonly name?: string;
  /** Files and folders of this machine that the host has too: by its path inside, the path outside, and `rw` if it may write. */
  readonly binds?: Readonly<Record<string, string | { readonly path: string; readonly rw: boolean }>>;
}

export interface RunOptions extends Inside {
  readonly input?: string;
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
}

export interface HostResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Host extends AsyncDisposable {
  readonly name: string;
  /** Any exit status is a result. Limited to two minutes unless `limitMs` says else. */
  run(argv: readonly string[], options?: RunOptions): Promise<HostResult>;
  /** The argument vector that does the same from outside, for a program that outlives one call or whose output streams. */
  command(argv: readonly string[], inside?: Inside): [string, ...string[]];
  /** Where a file of the host, while it is up, is seen from outside. */
  path(hostPath: string): string;
  /** An orderly reboot; returns when the host is up again. */
  reboot(): Promise<void>;
  powerOff(): Promise<void>;
  /** Ends every process at once, as a power cut does; the disk stays. */
  kill(): Promise<void>;
  /** Boots it again after `powerOff`, `kill` or a power-off from inside. */
  start(): Promise<void>;
}

const bootLimitMs = 60_000;
const runLimitMs = 120_000;
/** sd_notify-less containers ask their supervisor for a restart so: systemd-nspawn(1), "Exit status", with --keep-unit. */
const rebootStatus = 133;
const upMark = 'bound-images-host-is-up';
let hostsMade = 0;

/**
 * Boots Debian trixie with systemd as process 1, on a disk of its own and a network of loopback alone. Needs root.
 * @throws Error with the last lines of the console where it does not come up within a minute.
 */
export async function bootHost(options: HostOptions = {}): Promise<Host> {
  if (process.getuid?.() !== 0) throw new Error('a test host needs root: run this as root, or with sudo');
  const rootPath = await builtRoot();
  if (hostsMade === 0) await removeLeftovers();
  const name = `${options.name ?? 'host'}-${process.pid}-${(hostsMade += 1)}`;
  const disk = await makeDisk(name, rootPath);
  const binds = Object.entries(options.binds ?? {}).map(([inside, outside]) =>
    typeof outside === 'string'
      ? `--bind-ro=${outside}:${inside}`
      : `--bind${outside.rw ? '' : '-ro'}=${outside.path}:${inside}`,
  );
  let up: Up | undefined;

  const start = async (): Promise<void> => {
    up = await boot(name, rootPath, disk, binds);
  };
  const running = (): Up => {
    if (up === undefined || up.nspawn.exitCode !== null || up.nspawn.signalCode !== null)
      throw new Error(`host ${name} is not up`);
    return up;
  };
  const command = (argv: readonly string[], inside?: Inside): [string, ...string[]] =>
    enterArgv(running().leaderPid, join(running().cgroup, 'payload', 'tests'), argv, inside);
  const run = async (argv: readonly string[], options: RunOptions = {}): Promise<HostResult> => {
    const [program, ...rest] = command(argv, options);
    const { input = '', limitMs = runLimitMs, signal } = options;
    const result = await runProgram(program, rest, { input, limitMs, signal });
    return { ...result, stdout: result.stdout.toString('utf8') };
  };
  const stop = async (verb: 'reboot' | 'poweroff'): Promise<number> => {
    const { ended } = running();
    // It answers or is ended with the host, whichever comes first.
    await run(['systemctl', verb]).catch(() => {});
    return ended;
  };
  const kill = async (): Promise<void> => {
    if (up === undefined) return;
    await endCgroup(up.cgroup);
    await up.ended;
    up = undefined;
  };

  const host: Host = {
    name,
    run,
    command,
    path: (hostPath) => join('/proc', String(running().leaderPid), 'root', hostPath),
    reboot: async () => {
      const status = await stop('reboot');
      if (status !== rebootStatus) throw new Error(`host ${name} ended with ${status} instead of rebooting`);
      await kill();
      await start();
    },
    powerOff: async () => {
      await stop('poweroff');
      await kill();
    },
    kill,
    start: async () => {
      await kill();
      await start();
    },
    [Symbol.asyncDispose]: async () => {
      await kill();
      await rm(disk, { recursive: true, force: true });
    },
  };
  try {
    await start();
  } catch (error) {
    await rm(disk, { recursive: true, force: true });
    throw error;
  }
  return host;
}

interface Up {
  readonly nspawn: ChildProcess;
  readonly cgroup: string;
  /** The host's process 1, as this machine numbers it. */
  readonly leaderPid: number;
  /** Its exit status, once it has ended. */
  readonly ended: Promise<number>;
}

async function boot(name: string, rootPath: string, disk: string, binds: readonly string[]): Promise<Up> {
  const cgroup = await makeCgroup(ownName(name));
  const script = join(import.meta.dirname, 'start.sh');
  // The kernel ends the host with us, however we end: setpriv asks it to end unshare (prctl(2), PR_SET_PDEATHSIG), unshare the
  // script, and with that, the first process of its namespace, ends all below (pid_namespaces(7)).
  const unshare = ['unshare', '--mount', '--pid', '--mount-proc', '--fork', '--kill-child'];
  const argv = ['--pdeathsig', 'SIGKILL', ...unshare, 'sh', script, cgroup, rootPath, disk];
  const nspawn = spawn('setpriv', [...argv, `--machine=${name}`, ...binds], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = once(nspawn, 'exit').then(([status]) => (typeof status === 'number' ? status : -1));
  try {
    await untilUp(nspawn);
    const leaderPid = await findLeader(cgroup);
    await mkdir(join(cgroup, 'payload', 'tests'));
    return { nspawn, cgroup, leaderPid, ended };
  } catch (error) {
    await endCgroup(cgroup);
    throw error;
  }
}

/** Process 1 of the host: it shares init.scope with what it has just forked. */
async function findLeader(cgroup: string): Promise<number> {
  const list = await readFile(join(cgroup, 'payload', 'init.scope', 'cgroup.procs'), 'utf8');
  for (const pid of list.trim().split('\n')) {
    const status = await readFile(join('/proc', pid, 'status'), 'utf8').catch(() => '');
    // The number in each namespace, ours first: proc_pid_status(5).
    if (/^NSpid:.*\t1$/m.test(status)) return Number(pid);
  }
  throw new Error(`no process 1 among ${list.trim().split('\n').join(', ')} in ${cgroup}`);
}

/** Reads the console until the host's own unit says there that all is started. */
async function untilUp(nspawn: ChildProcess): Promise<void> {
  let console = '';
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new Error(`the test host ${why}; its console said last:\n${console.slice(-4_000)}`));
    const limit = setTimeout(() => fail(`was not up within ${bootLimitMs} ms`), bootLimitMs);
    const read = (chunk: Buffer): void => {
      console = (console + chunk.toString('utf8')).slice(-8_000);
      if (!console.includes(upMark)) return;
      clearTimeout(limit);
      resolve();
    };
    // Read to the end, up or not: a console that nobody reads stops the host when it is full.
    nspawn.stdout?.on('data', read);
    nspawn.stderr?.on('data', read);
    nspawn.once('close', () => {
      clearTimeout(limit);
      fail('ended while booting');
    });
  });
}
