import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';

/**
 * A text that changes when the configuration or one of the files does. Of the files only size, time and inode are looked at: they
 * may hold credentials, and a hash of those could be guessed from.
 * @param configuration anything that JSON can hold
 */
export async function fingerprint(configuration: unknown, paths: readonly string[]): Promise<string> {
  const files = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path, { bigint: true }).catch(() => undefined);
      return [path, found === undefined ? 'none' : `${found.size} ${found.mtimeNs} ${found.ino}`];
    }),
  );
  return createHash('sha256')
    .update(JSON.stringify([configuration, files]))
    .digest('hex')
    .slice(0, 32);
}
