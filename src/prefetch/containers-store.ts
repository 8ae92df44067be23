import { homedir } from 'node:os';
import { join } from 'node:path';

/** podman's own store, whose containers stand on layers of an additional one: containers-storage.conf(5), `graphroot`. */
export function containersStorePath(): string {
  return process.getuid?.() === 0
    ? '/var/lib/containers/storage'
    : join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share'), 'containers/storage');
}
