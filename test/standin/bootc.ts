#!/usr/local/bin/node
// A stand-in for bootc, for the tests alone and never part of the product: no registry of packages that the tests reach has the real one.
// It does what bootc 1.16 does in the same order, with real ostree deployments and the real podman on bootc's store, and
// understands `status`, `upgrade`, `switch` and `rollback`. With /etc/bootc-standin/older it is a bootc from before 1.12.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { backend } from './deployed.ts';
import { isOlder } from './older.ts';
import { lockSysroot } from './lock-sysroot.ts';
import { rollback } from './rollback.ts';
import { complain, say } from './say.ts';
import { statusDocument } from './status.ts';
import { switchTo, upgrade } from './upgrade.ts';

const commands = ['status', 'upgrade', 'switch', 'rollback'] as const;
const newerFlags = ['--download-only', '--from-downloaded'];
const flags = {
  json: { type: 'boolean' },
  'format-version': { type: 'string' },
  check: { type: 'boolean' },
  quiet: { type: 'boolean' },
  apply: { type: 'boolean' },
  'download-only': { type: 'boolean' },
  'from-downloaded': { type: 'boolean' },
  transport: { type: 'string' },
} as const;

const [command = '', ...rest] = process.argv.slice(2);
if (command === '--version') say(`bootc ${isOlder() ? '1.8.0' : '1.16.9'} (a stand-in)`);
else if (!commands.includes(command as (typeof commands)[number]))
  refuse(`unrecognized subcommand '${command}'`);
else if (rest.includes('--help')) printHelp();
else if (process.env['BOOTC_STANDIN_INSIDE'] === undefined) process.exitCode = runInside();
else await run();

function printHelp(): void {
  const shown = ['--check', '--quiet', '--apply', ...(isOlder() ? [] : newerFlags)];
  say(`Usage: bootc ${command} [OPTIONS]\n\nOptions:\n${shown.map((flag) => `      ${flag}\n`).join('')}`);
}

/** Again, in a mount namespace where the sysroot can be written, one at a time. */
function runInside(): number {
  mkdirSync('/run/standin', { recursive: true });
  const script = 'mount -o remount,bind,rw /sysroot && exec flock --close /run/standin/one-at-a-time "$@"';
  const unshare = ['--mount', '--propagation=private', 'sh', '-c', script, 'sh'];
  const env = { ...process.env, BOOTC_STANDIN_INSIDE: '1', OSTREE_SYSROOT_DEBUG: 'mutable-deployments' };
  const { status } = spawnSync('unshare', [...unshare, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env,
  });
  return status ?? 128;
}

async function run(): Promise<void> {
  const refused = isOlder() ? newerFlags.find((flag) => rest.includes(flag)) : undefined;
  if (refused !== undefined) return refuse(`unexpected argument '${refused}' found`);
  const { values, positionals } = parse();
  // The composefs backend has no such lock.
  await using _lock = backend().folder === 'ostree' ? await lockSysroot() : undefined;
  try {
    if (command === 'status') say(JSON.stringify(statusDocument()));
    else if (command === 'rollback') rollback();
    else if (command === 'upgrade') {
      upgrade({
        check: values.check ?? false,
        apply: values.apply ?? false,
        downloadOnly: values['download-only'] ?? false,
        fromDownloaded: values['from-downloaded'] ?? false,
      });
    } else
      switchTo(
        { image: positionals[0] ?? '', transport: values.transport ?? 'registry' },
        values.apply ?? false,
      );
  } catch (error) {
    complain(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

function parse(): ReturnType<typeof parseArgs<{ options: typeof flags; allowPositionals: true }>> {
  try {
    return parseArgs({ args: rest, options: flags, allowPositionals: true });
  } catch (error) {
    refuse((error as Error).message);
    process.exit();
  }
}

/** As clap does. */
function refuse(why: string): void {
  complain(`error: ${why}`);
  process.exitCode = 2;
}
