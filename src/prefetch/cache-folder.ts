import { access as canAccess, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

const hostCache = '/var/cache/bound-images';

/**
 * Where what can be had again is kept: the host's cache, or a user's own. systemd tells a service where its is (systemd.exec(5),
 * "$CACHE_DIRECTORY").
 */
export async function cacheFolder(): Promise<string> {
  const { CACHE_DIRECTORY: given, XDG_CACHE_HOME: users } = process.env;
  if (given !== undefined && given !== '') return given;
  // Of the two a service may write the first alone.
  for (const folder of [hostCache, '/var/cache']) {
    const isWritable = await canAccess(folder, constants.W_OK).then(
      () => true,
      () => false,
    );
    if (isWritable) return hostCache;
  }
  return join(users ?? join(homedir(), '.cache'), 'bound-images');
}
