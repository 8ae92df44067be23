import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';

/**
 * A text that changes when the configuration or one of the files does, made when it is first asked for, of what is so now. Of the
 * files only size, time and inode are looked at: they may hold credentials, and a hash of those could be guessed from.
 * @param configuration anything that JSON can hold
 */
export function fingerprint(configuration: unknown, paths: readonly string[]): () => string {
  const files = paths.map((path) => [path, stampOf(path)]);
  let made: string | undefined;
  const make = (): string =>
    createHash('sha256')
      .update(JSON.stringify([configuration, files]))
      .digest('hex')
      .slice(0, 32);
  return () => (made ??= make());
}

function stampOf(path: string): string {
  try {
    const { size, mtimeNs, ino } = statSync(path, { bigint: true });
    return `${size} ${mtimeNs} ${ino}`;
  } catch {
    return 'none';
  }
}
