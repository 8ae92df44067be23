import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** registries.conf.d has files, certs.d a folder of files for each registry. */
const deepest = 2;
const mostEntries = 1_000;

/**
 * A text that changes when the configuration or one of the files does, those in folders included; made when it is first asked for, of
 * what is so now. Of the files only size, time and inode are looked at: they may hold credentials, and a hash of those could be guessed
 * from.
 * @param configuration anything that JSON can hold
 */
export function fingerprint(configuration: unknown, paths: readonly string[]): () => string {
  const files = paths.map((path) => stampsOf(path, deepest));
  let made: string | undefined;
  const make = (): string =>
    createHash('sha256')
      .update(JSON.stringify([configuration, files]))
      .digest('hex')
      .slice(0, 32);
  return () => (made ??= make());
}

/** Of a file, or of a folder and what is in it. */
function stampsOf(path: string, depth: number): readonly unknown[] {
  try {
    const found = statSync(path, { bigint: true });
    const stamp = [path, `${found.size} ${found.mtimeNs} ${found.ino}`];
    if (!found.isDirectory() || depth === 0) return stamp;
    const names = readdirSync(path).toSorted().slice(0, mostEntries);
    return [stamp, names.map((name) => stampsOf(join(path, name), depth - 1))];
  } catch {
    return [path, 'none'];
  }
}
