import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { runProgram } from '../../src/system/run-program.ts';

const project = join(import.meta.dirname, '..', '..');

/** Until it is disposed of: installs unit, activation file, bus policy and polkit's actions on this host, as packages do, with the test's program in place of ours. */
export async function installService(
  env: Readonly<Record<string, string | number>> = {},
): Promise<AsyncDisposable> {
  const files = {
    'bound-images.service': '/etc/systemd/system',
    'org.boundimages1.service': '/usr/share/dbus-1/system-services',
    'org.boundimages1.conf': '/usr/share/dbus-1/system.d',
    'org.boundimages1.policy': '/usr/share/polkit-1/actions',
  };
  for (const [file, folder] of Object.entries(files))
    await cp(join(project, 'systemd', file), join(folder, file));
  const dropIn = '/etc/systemd/system/bound-images.service.d';
  await mkdir(dropIn, { recursive: true });
  // In one file, as what is installed: from the sources each start takes three times as long.
  const program = '/opt/agent-program/main.js';
  await build({
    entryPoints: [join(project, 'test', 'dbus', 'agent-program.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    minify: true,
  });
  await writeFile('/opt/agent-program/package.json', '{"type":"module"}');
  const lines = [
    '[Unit]',
    // It leaves more often here than systemd lets a service start.
    'StartLimitIntervalSec=0',
    '[Service]',
    'ExecStart=',
    `ExecStart=/usr/local/bin/node ${program}`,
    ...Object.entries(env).map(([name, value]) => `Environment=${name}=${value}`),
  ];
  await writeFile(join(dropIn, 'test.conf'), `${lines.join('\n')}\n`);
  await reload();
  return {
    // Commands in the tests to come would ask it.
    async [Symbol.asyncDispose]() {
      for (const [file, folder] of Object.entries(files)) await rm(join(folder, file));
      await rm(dropIn, { recursive: true });
      await reload();
    },
  };
}

/** Ends the service, too: it would go on as it was begun. */
async function reload(): Promise<void> {
  await runOrThrow('systemctl', ['daemon-reload']);
  await runOrThrow('busctl', [
    'call',
    'org.freedesktop.DBus',
    '/org/freedesktop/DBus',
    'org.freedesktop.DBus',
    'ReloadConfig',
  ]);
  await runProgram('systemctl', ['stop', 'bound-images.service']);
}

async function runOrThrow(program: string, argv: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runProgram(program, argv);
  if (exitCode !== 0) throw new Error(`${program} ${argv.join(' ')}: ${stderr}`);
}
