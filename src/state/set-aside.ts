import { readdirSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Enough to see what happened; more would only fill the disk. */
const mostKept = 3;
const leftoverAgeMs = 60_000;

/** Renames a file that cannot be used to NAME.damaged-TIMESTAMP. @returns what was done, to end a sentence with */
export async function setAside(path: string, nowMs: number): Promise<string> {
  const time = new Date(nowMs).toISOString().replace(/[-:]/g, '');
  const aside = `${path}.damaged-${time}`;
  try {
    await rename(path, aside);
  } catch (error) {
    return `it could not be set aside: ${(error as NodeJS.ErrnoException).code}`;
  }
  const kept = siblings(path)
    .filter((name) => name.startsWith(`${basename(path)}.damaged-`))
    .sort();
  await removeAll(path, kept.slice(0, -mostKept));
  return `it was set aside as ${aside}, and is rebuilt`;
}

/** Removes what a killed process left of writing this file (`writeFileWhole`). */
export async function removeLeftovers(path: string, nowMs: number): Promise<void> {
  const pattern = /^[0-9a-f]{12}$/;
  const prefix = `.${basename(path)}.`;
  for (const name of siblings(path)) {
    if (!name.startsWith(prefix) || !pattern.test(name.slice(prefix.length))) continue;
    const found = await stat(join(dirname(path), name)).catch(() => undefined);
    if (found !== undefined && nowMs - found.mtimeMs > leftoverAgeMs) await removeAll(path, [name]);
  }
}

function siblings(path: string): readonly string[] {
  try {
    return readdirSync(dirname(path));
  } catch {
    return [];
  }
}

/** What cannot be removed does no harm. */
async function removeAll(path: string, names: readonly string[]): Promise<void> {
  for (const name of names)
    await rm(join(dirname(path), name), { recursive: true, force: true }).catch(() => undefined);
}
