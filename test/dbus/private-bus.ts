import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder.ts';

export interface PrivateBus extends AsyncDisposable {
  readonly address: string;
  /** Ends the bus at once. */
  readonly kill: () => void;
}

/** A dbus-daemon of our own that forbids nothing, so that what the system bus's policy would stop reaches us. */
export async function privateBus(): Promise<PrivateBus> {
  const folder = await temporaryFolder();
  const address = `unix:path=${join(folder.path, 'socket')}`;
  // Other users may connect.
  await chmod(folder.path, 0o755);
  const configuration = join(folder.path, 'bus.conf');
  await writeFile(configuration, busConfiguration(address));
  const daemon = spawn('dbus-daemon', [`--config-file=${configuration}`, '--nofork', '--print-address'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(daemon.stdout, 'data');
  const ended = once(daemon, 'exit');
  return {
    address,
    kill: () => void daemon.kill('SIGKILL'),
    [Symbol.asyncDispose]: async () => {
      daemon.kill('SIGTERM');
      await ended;
      await folder[Symbol.asyncDispose]();
    },
  };
}

function busConfiguration(address: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>${address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
`;
}
