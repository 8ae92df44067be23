import { access as canAccess, constants } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where c/storage keeps its mounts of this boot: not below /run for a user, even one who is root in a namespace. */
export async function runRoot(): Promise<string> {
  try {
    await canAccess('/run', constants.W_OK);
    return '/run/bound-images/storage';
  } catch {
    return join(process.env['XDG_RUNTIME_DIR'] ?? tmpdir(), 'bound-images/storage');
  }
}
