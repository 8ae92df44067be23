import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Deployed } from './deployed.ts';

type Update = Pick<Deployed, 'name' | 'image'>;

/** Beside bootc's own folder, whose time of change is a signal. */
const path = '/sysroot/bootc-standin-updates.json';

/** The image that the last look in the registry found, while this deployment was booted. */
export function cachedUpdateOf(id: string): Update | undefined {
  return read()[id];
}

export function rememberUpdate(id: string, update: Update): void {
  writeFileSync(path, JSON.stringify({ ...read(), [id]: update }));
}

function read(): Record<string, Update> {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, Update>) : {};
}
