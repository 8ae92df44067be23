import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const hostCache = '/var/cache/bound-images';

/**
 * Where what can be had again is kept: the host's cache, or a user's own. systemd tells a service where its is (systemd.exec(5),
 * "$CACHE_DIRECTORY").
 */
export function cacheFolder(): string {
  const { CACHE_DIRECTORY: given, XDG_CACHE_HOME: users } = process.env;
  if (given !== undefined && given !== '') return given;
  // Of the two a service may write the first alone.
  if ([hostCache, '/var/cache'].some(isWritable)) return hostCache;
  return join(users ?? join(homedir(), '.cache'), 'bound-images');
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
