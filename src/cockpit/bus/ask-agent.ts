import { dbus } from 'cockpit';
import type { Job } from './host.ts';
import { jobInterface, managerInterface, rootPath } from './objects.ts';
import { list, number, properties, text } from './values.ts';
import { busName } from './watch-agent.ts';

/** What the next OS image would need. Shared layers count once. */
export interface Outlook {
  readonly osImage: string;
  readonly digest: string;
  /** '' where it does not say. */
  readonly version: string;
  readonly images: number;
  readonly bytesToFetch: number;
  readonly bytesOnDisk: number;
}

const noOptions = {};
const yes = { t: 'b', v: true };

/** @returns the path of the job */
export async function prefetch(): Promise<string> {
  return startJob('Prefetch', [[], noOptions], 'asa{sv}');
}

export async function verify(options: { deep: boolean; repair: boolean }): Promise<string> {
  const { deep, repair } = options;
  return startJob(
    'Verify',
    [[], { ...(deep ? { deep: yes } : {}), ...(repair ? { repair: yes } : {}) }],
    'asa{sv}',
  );
}

export async function collectGarbage({ dryRun }: { dryRun: boolean }): Promise<string> {
  return startJob('CollectGarbage', [dryRun ? { 'dry-run': yes } : noOptions], 'a{sv}');
}

export async function upgrade({ apply }: { apply: boolean }): Promise<string> {
  return startJob('Upgrade', [apply ? { apply: yes } : noOptions], 'a{sv}');
}

export async function refresh(): Promise<void> {
  await ask(rootPath, managerInterface, 'Refresh', [noOptions], 'a{sv}');
}

export async function cancel({ path }: Job): Promise<void> {
  await ask(path, jobInterface, 'Cancel', [noOptions], 'a{sv}');
}

/** Asks the registry: may take seconds. */
export async function lookAhead(): Promise<Outlook> {
  const [images, summary] = await ask(rootPath, managerInterface, 'Plan', ['', noOptions], 'sa{sv}');
  const totals = properties(summary);
  return {
    osImage: text(totals['os-image']),
    digest: text(totals['digest']),
    version: text(totals['version']),
    images: list(images).length,
    bytesToFetch: number(totals['bytes-to-fetch']),
    bytesOnDisk: number(totals['bytes-on-disk']),
  };
}

async function startJob(method: string, args: readonly unknown[], type: string): Promise<string> {
  const [, path] = await ask(rootPath, managerInterface, method, args, type);
  return text(path);
}

/** Through the bridge of administrative access, which is opened for the call and closed after it. */
async function ask(
  path: string,
  interfaceName: string,
  method: string,
  args: readonly unknown[],
  type: string,
): Promise<unknown[]> {
  const client = dbus(busName, { bus: 'system', superuser: 'require' });
  try {
    return await client.call(path, interfaceName, method, args, { type });
  } finally {
    client.close();
  }
}
