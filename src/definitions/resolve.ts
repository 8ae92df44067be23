import { posix } from 'node:path';
import type { Tree } from '../model/tree.ts';

export type Resolved = {
  /** Each path that the last component stood at: the one asked for, then one a link followed. Their folders hold no links. */
  readonly trail: readonly string[];
} &
  /** `path` is absolute inside the root, without links. */
  (
    | { readonly kind: 'file'; readonly path: string; readonly sizeBytes: number }
    /** `other`: a device, a socket or a pipe. */
    | { readonly kind: 'folder' | 'other'; readonly path: string }
    /** `path` is where the links lead; `at` is the first of its components that is not there, or is no folder. */
    | { readonly kind: 'missing'; readonly path: string; readonly at: string }
    | { readonly kind: 'loop' }
  );

/** As Linux (path_resolution(7)): more links than that are taken for a loop. */
const linkLimit = 40;
/** PATH_MAX; a link with a longer target can only be in a tree that was never on disk. */
const targetLimit = 4096;

/**
 * Follows every link of an absolute path inside the tree's root: an absolute target begins at that root, and `..` never
 * leaves it, as openat2(2) has it with RESOLVE_IN_ROOT.
 */
export async function resolve(tree: Tree, path: string): Promise<Resolved> {
  const trail: string[] = [];
  // The next component is the last.
  const pending = path.split('/').reverse();
  let folder = '/';
  let links = 0;
  for (let component = pending.pop(); component !== undefined; component = pending.pop()) {
    if (component === '' || component === '.') continue;
    if (component === '..') {
      folder = posix.dirname(folder);
      continue;
    }
    const here = folder === '/' ? `/${component}` : `${folder}/${component}`;
    const isLast = pending.length === 0;
    if (isLast) trail.push(here);
    const entry = await tree.lstat(here);
    if (entry?.kind === 'folder') {
      folder = here;
    } else if (entry?.kind === 'link' && entry.target.length <= targetLimit) {
      links += 1;
      if (links > linkLimit) return { kind: 'loop', trail };
      if (entry.target.startsWith('/')) folder = '/';
      pending.push(...entry.target.split('/').reverse());
    } else if (isLast && entry !== undefined && entry.kind !== 'link') {
      return { ...entry, path: here, trail };
    } else {
      return { kind: 'missing', path: posix.join(here, ...pending.reverse()), at: here, trail };
    }
  }
  return { kind: 'folder', path: folder, trail };
}
