import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { readSmallText } from '../system/read-small-text.ts';

/** Ours alone, so that nobody can tell from what we show which host it is (machine-id(5)). Made by `systemd-id128 new`. */
const applicationId = '8690773abcea451388dc74272b90cb25';

/**
 * A number from 0 to below 1 that stays the same for a host and differs between hosts, so that they do not all come at once.
 * A host without a machine ID gets a new one each time.
 */
export async function readHostFraction(rootPath: string, random: () => number): Promise<number> {
  const text = await readSmallText(join(rootPath, '/etc/machine-id'), 4096).catch(() => undefined);
  const machineId = /^([0-9a-f]{32})\n?$/.exec(text ?? '')?.[1];
  if (machineId === undefined) return random();
  return Number.parseInt(appSpecificId(machineId, applicationId).slice(0, 12), 16) / 2 ** 48;
}

/** What sd_id128_get_machine_app_specific(3) gives: HMAC-SHA256 of the application's ID with the machine's as key, made a UUID of version 4. */
export function appSpecificId(machineId: string, appId: string): string {
  const hash = createHmac('sha256', Buffer.from(machineId, 'hex')).update(Buffer.from(appId, 'hex')).digest();
  const id = hash.subarray(0, 16);
  id[6] = ((id[6] ?? 0) & 0x0f) | 0x40;
  id[8] = ((id[8] ?? 0) & 0x3f) | 0x80;
  return id.toString('hex');
}
