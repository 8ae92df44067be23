import { posix } from 'node:path';
import type { Scan } from './remember-entries.ts';

export type Resolved = {
  /** Each path that the last component stood at: the one asked for, then one a link followed. Their folders hold no links. */
  readonly trail: readonly string[];
} &
  /** `path` is absolute inside the root, without links. */
  (
    | /** `other`: a device, a socket or a pipe. */
      { readonly kind: 'file' | 'folder' | 'other'; readonly path: string }
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
export async function resolve(tree: Pick<Scan, 'lstat' | 'walked'>, path: string): Promise<Resolved> {
  const trail: string[] = [];
  let { folder, pending } = start(tree.walked, path);
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
      tree.walked?.add(here);
    } else if (entry?.kind === 'link' && entry.target.length <= targetLimit) {
      links += 1;
      if (links > linkLimit) return { kind: 'loop', trail };
      const rest: string = [entry.target, ...pending.reverse()].join('/');
      if (rest.startsWith('/')) ({ folder, pending } = start(tree.walked, rest));
      else pending = rest.split('/').reverse();
    } else if (isLast && entry !== undefined && entry.kind !== 'link') {
      return { kind: entry.kind, path: here, trail };
    } else {
      return { kind: 'missing', path: posix.join(here, ...pending.reverse()), at: here, trail };
    }
  }
  return { kind: 'folder', path: folder, trail };
}

/** Where the walk to an absolute path begins, and the components that are left of it, the next one last. */
function start(walked: ReadonlySet<string> | undefined, path: string): { folder: string; pending: string[] } {
  const slash = path.lastIndexOf('/');
  const folder = path.slice(0, slash);
  if (walked?.has(folder) === true) return { folder, pending: [path.slice(slash + 1)] };
  return { folder: '/', pending: path.split('/').reverse() };
}
