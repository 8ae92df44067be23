import { resolve } from '../definitions/resolve.ts';
import { osReleaseVersion } from '../deployments/os-release.ts';
import type { Tree } from '../model/tree.ts';

const path = '/usr/lib/os-release';
const limitBytes = 64 * 1024;

/** The version of an OS by its own files; undefined where they do not say, or cannot be read: it is only shown. */
export async function readOsVersion(tree: Tree): Promise<string | undefined> {
  try {
    // A link in distributions that come in several kinds.
    const found = await resolve(tree, path);
    if (found.kind !== 'file') return undefined;
    return osReleaseVersion((await tree.read(found.path, limitBytes)).toString('utf8'));
  } catch {
    return undefined;
  }
}
