import type { Tree, TreeEntry } from '../model/tree.ts';

/**
 * The same tree, asked only once what is at a path: a scan goes over the same folders and links again and again, and such
 * questions are most of its system calls. What is exchanged in between is noticed where it is read.
 */
export function rememberEntries(tree: Tree): Tree {
  const entries = new Map<string, Promise<TreeEntry | undefined>>();
  return {
    lstat: (path) => {
      const known = entries.get(path);
      if (known !== undefined) return known;
      const entry = tree.lstat(path);
      entries.set(path, entry);
      return entry;
    },
    list: (path) => tree.list(path),
    read: (path, limitBytes) => tree.read(path, limitBytes),
  };
}
