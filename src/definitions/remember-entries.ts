import type { ListedEntry, Tree, TreeEntry } from '../model/tree.ts';

/** A tree as one scan sees it. */
export interface Scan extends Omit<Tree, 'lstat'> {
  readonly lstat: (path: string) => Promise<TreeEntry | ListedEntry | undefined>;
  /** Folders that were reached without a link: what is in them is looked up there, and not from the root down. */
  readonly walked?: Set<string>;
}

/**
 * The same tree, asked only once what is at a path, and not at all where a listing has told it: a scan goes over the same folders
 * and links again and again, and such questions are most of its system calls. What is exchanged in between is noticed where it is
 * read, and then asked about anew.
 */
export function rememberEntries(tree: Tree): Scan {
  const entries = new Map<string, Promise<TreeEntry | ListedEntry | undefined>>();
  return {
    walked: new Set(),
    lstat: (path) => {
      const known = entries.get(path);
      if (known !== undefined) return known;
      const entry = tree.lstat(path);
      entries.set(path, entry);
      return entry;
    },
    list: async (path) => {
      const listed = await tree.list(path);
      for (const [name, entry] of listed.entries ?? [])
        entries.set(`${path}/${name}`, Promise.resolve(entry));
      return listed;
    },
    read: async (path, limitBytes) => {
      try {
        return await tree.read(path, limitBytes);
      } catch (error) {
        entries.delete(path);
        throw error;
      }
    },
  };
}
