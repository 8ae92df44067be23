import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { buildPage } from '../../src/cockpit/build/page.ts';
import { type Host, bootHost } from '../host/boot.ts';
import type { Scene } from './scene-agent.ts';

const project = join(import.meta.dirname, '..', '..');
const loopback = '127.0.0.1';
const readyLimitMs = 20_000;

export interface PageHost extends AsyncDisposable {
  readonly host: Host;
  /** What the agent in memory shows from now on, and after its next start. */
  readonly show: (scene: Scene) => Promise<void>;
  /** The page, in a session of root's or of a user without rights, with neither login nor menu. */
  readonly address: (session: 'root' | 'user') => string;
}

/** The files that a package installs, and the page. @param host of which they are put into place, from outside */
async function installFiles(host: Host): Promise<void> {
  const folders = {
    'bound-images.service': '/usr/lib/systemd/system',
    'org.boundimages1.service': '/usr/share/dbus-1/system-services',
    'org.boundimages1.conf': '/usr/share/dbus-1/system.d',
    'org.boundimages1.policy': '/usr/share/polkit-1/actions',
  };
  for (const [file, folder] of Object.entries(folders))
    await cp(join(project, 'systemd', file), host.path(join(folder, file)));
  await buildPage(host.path('/usr/share/cockpit/boundimages'));
}

/** Boots a host with Cockpit and the page, and the agent in memory in place of ours. */
export async function bootPageHost(): Promise<PageHost> {
  const host = await bootHost({ name: 'cockpit', binds: { '/usr/local/bin/node': process.execPath } });
  const servers: ChildProcess[] = [];
  const show = async (scene: Scene): Promise<void> => {
    const path = host.path('/run/scene/scene.json');
    await mkdir(dirname(path), { recursive: true });
    const text = JSON.stringify(scene, (_name, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    );
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  };
  try {
    await installFiles(host);
    await installSceneAgent(host);
    await run(host, ['systemctl', 'daemon-reload']);
    await run(host, [
      'busctl',
      'call',
      ...'org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig'.split(' '),
    ]);
    const ports = { root: 9191, user: 9192 };
    servers.push(await serveSession(host, ports.root, []));
    const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
    servers.push(await serveSession(host, ports.user, nobody));
    return {
      host,
      show,
      address: (session) => `http://${loopback}:${ports[session]}/cockpit/@localhost/boundimages/index.html`,
      [Symbol.asyncDispose]: async () => {
        for (const server of servers) server.kill();
        await host[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

async function installSceneAgent(host: Host): Promise<void> {
  const program = '/opt/scene-agent/main.js';
  await build({
    entryPoints: [join(import.meta.dirname, 'scene-agent.ts')],
    outfile: host.path(program),
    bundle: true,
    platform: 'node',
    format: 'esm',
    minify: true,
    logLevel: 'warning',
  });
  await writeFile(host.path(join(dirname(program), 'package.json')), '{"type":"module"}');
  const dropIn = '/etc/systemd/system/bound-images.service.d/test.conf';
  await mkdir(host.path(dirname(dropIn)), { recursive: true });
  const lines = [
    '[Unit]',
    'StartLimitIntervalSec=0',
    '[Service]',
    'ExecStart=',
    `ExecStart=/usr/local/bin/node ${program}`,
  ];
  await writeFile(host.path(dropIn), `${lines.join('\n')}\n`);
  await chmod(host.path('/run'), 0o755);
}

/** A web server for one session that nobody has to log in to: cockpit-ws(8), `--local-session`. */
async function serveSession(host: Host, port: number, as: readonly string[]): Promise<ChildProcess> {
  const server = ['/usr/lib/cockpit/cockpit-ws', '--local-session=/usr/bin/cockpit-bridge'];
  const argv = [...as, ...server, `--address=${loopback}`, `--port=${port}`];
  // With a session bus and an agent for keys to look for, the bridge leaves processes behind.
  const env = { DBUS_SESSION_BUS_ADDRESS: 'disabled:', SSH_AUTH_SOCK: '/dev/null', HOME: '/tmp' };
  const [program, ...rest] = host.command(argv, { env });
  const child = spawn(program, rest, { stdio: ['ignore', 'ignore', 'inherit'] });
  const wait = `until curl --silent --output /dev/null http://${loopback}:${port}/; do sleep 0.05; done`;
  const ended = once(child, 'exit').then(() => {
    throw new Error(`cockpit-ws for port ${port} ended`);
  });
  ended.catch(() => undefined);
  await Promise.race([run(host, ['sh', '-c', wait], readyLimitMs), ended]);
  return child;
}

/** @throws Error with what it said */
export async function run(host: Host, argv: readonly string[], limitMs = 30_000): Promise<string> {
  const { exitCode, stdout, stderr } = await host.run(argv, { limitMs });
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
  return stdout.trim();
}
