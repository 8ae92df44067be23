import { chmod, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Host } from '../host/boot.ts';

const project = join(import.meta.dirname, '..', '..');

/** What a package puts where, by its path in the project. */
const files: Readonly<Record<string, string>> = {
  dist: '/usr/lib/bound-images',
  'systemd/bound-images.service': '/usr/lib/systemd/system/bound-images.service',
  'systemd/bound-images-prefetch.service': '/usr/lib/systemd/system/bound-images-prefetch.service',
  'systemd/bound-images-prefetch.timer': '/usr/lib/systemd/system/bound-images-prefetch.timer',
  'systemd/bound-images-verify.service': '/usr/lib/systemd/system/bound-images-verify.service',
  'systemd/bound-images-refresh.service': '/usr/lib/systemd/system/bound-images-refresh.service',
  'systemd/bound-images-refresh.path': '/usr/lib/systemd/system/bound-images-refresh.path',
  'systemd/bootc-fetch-apply-updates.service.d/50-bound-images.conf':
    '/usr/lib/systemd/system/bootc-fetch-apply-updates.service.d/50-bound-images.conf',
  'systemd/90-bound-images.preset': '/usr/lib/systemd/system-preset/90-bound-images.preset',
  'systemd/bound-images.tmpfiles.conf': '/usr/lib/tmpfiles.d/bound-images.conf',
  'systemd/org.boundimages1.service': '/usr/share/dbus-1/system-services/org.boundimages1.service',
  'systemd/org.boundimages1.conf': '/usr/share/dbus-1/system.d/org.boundimages1.conf',
  'systemd/org.boundimages1.policy': '/usr/share/polkit-1/actions/org.boundimages1.policy',
};

const units = [
  'bound-images-prefetch.timer',
  'bound-images-verify.service',
  'bound-images-refresh.service',
  'bound-images-refresh.path',
];

/** Installs the built program with all its units on a host that is up, as its packages do. */
export async function installProduct(
  host: Pick<Host, 'path'> & { stdoutOf(program: string, ...argv: readonly string[]): Promise<string> },
): Promise<void> {
  for (const [from, to] of Object.entries(files)) {
    await mkdir(dirname(host.path(to)), { recursive: true });
    await cp(join(project, from), host.path(to), { recursive: true });
  }
  const program = host.path('/usr/bin/bound-images');
  const starter = await readFile(join(project, 'rpm/bound-images.sh'), 'utf8');
  await writeFile(program, starter.replace('/usr/bin/node', '/usr/local/bin/node'));
  await chmod(program, 0o755);
  await symlink('/var/lib/bound-images/storage', host.path('/usr/lib/bound-images/storage'));
  await host.stdoutOf('systemd-tmpfiles', '--create', '/usr/lib/tmpfiles.d/bound-images.conf');
  await host.stdoutOf('systemctl', 'daemon-reload');
  await host.stdoutOf(
    'busctl',
    'call',
    'org.freedesktop.DBus',
    '/org/freedesktop/DBus',
    'org.freedesktop.DBus',
    'ReloadConfig',
  );
  await host.stdoutOf('systemctl', 'enable', ...units);
  // A boot is verified at boot.
  await host.stdoutOf(
    'systemctl',
    'start',
    ...units.filter((unit) => unit !== 'bound-images-verify.service'),
  );
}
