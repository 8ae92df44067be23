import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { runProgram } from '../../src/system/run-program.ts';

const project = join(import.meta.dirname, '..', '..');

/** Installs unit, activation file, bus policy and polkit's actions on this host, as packages do, with the test's program in place of ours. */
export async function installService(env: Readonly<Record<string, string | number>> = {}): Promise<void> {
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
  await runOrThrow('systemctl', ['daemon-reload']);
  await runOrThrow('busctl', [
    'call',
    'org.freedesktop.DBus',
    '/org/freedesktop/DBus',
    'org.freedesktop.DBus',
    'ReloadConfig',
  ]);
  // One of an earlier test would go on as it was begun.
  await runOrThrow('systemctl', ['stop', 'bound-images.service']);
}

async function runOrThrow(program: string, argv: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runProgram(program, argv);
  if (exitCode !== 0) throw new Error(`${program} ${argv.join(' ')}: ${stderr}`);
}
