import type { Tree, TreeEntry } from '../model/tree.ts';

/**
 * The same tree, asked only once about each folder: every path of a scan goes over the same few, and they are most of its
 * system calls. A folder that goes away in between is noticed where something in it is read.
 */
export function rememberFolders(tree: Tree): Tree {
  const folders = new Map<string, TreeEntry>();
  return {
    lstat: async (path) => {
      const known = folders.get(path);
      if (known !== undefined) return known;
      const entry = await tree.lstat(path);
      if (entry?.kind === 'folder') folders.set(path, entry);
      return entry;
    },
    list: (path) => tree.list(path),
    read: (path, limitBytes) => tree.read(path, limitBytes),
  };
}
