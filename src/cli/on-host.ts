import { existsSync } from 'node:fs';
import type { AgentClient } from '../dbus/client.ts';
import type { Place } from './place.ts';

/** What the bus knows the agent by (dbus-daemon(1), "system bus", service directories). */
const activationFiles = [
  '/usr/share/dbus-1/system-services/org.boundimages1.service',
  '/etc/dbus-1/system-services/org.boundimages1.service',
];
const busSocket = '/run/dbus/system_bus_socket';

/**
 * The agent, where a command means the host itself and the agent is installed there. Otherwise, as in an image that is being built
 * or with a root or store of its own, the command does its work by itself.
 * @throws Failure `Transient` where the bus does not answer, `BadConfiguration`
 */
export async function agentOfHost(
  { root, store }: Pick<Place, 'root' | 'store'>,
  signal: AbortSignal,
): Promise<AgentClient | undefined> {
  if (root !== undefined || store !== undefined) return undefined;
  const isInstalled = existsSync(busSocket) && activationFiles.some((file) => existsSync(file));
  if (!isInstalled) return undefined;
  // With a configuration that cannot be read no agent comes up, and the bus says so after half a minute, without the reason.
  const { readConfiguration } = await import('../config/read-configuration.ts');
  await readConfiguration('/');
  const { connectAgent } = await import('../dbus/client.ts');
  return connectAgent({ interactive: process.stdin.isTTY, signal });
}
