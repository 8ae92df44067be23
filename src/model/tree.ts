export type TreeEntry =
  | { readonly kind: 'file'; readonly sizeBytes: number }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'folder' }
  | { readonly kind: 'other' };

export type ListedEntry = Exclude<TreeEntry, { kind: 'file' }> | { readonly kind: 'file' };

export interface Listing {
  readonly names: readonly string[];
  readonly undecodable: readonly string[];
  /** By name, what listing has told of the entries besides; of files not how large they are. */
  readonly entries?: ReadonlyMap<string, ListedEntry>;
}

/**
 * The files of one root, on disk or read out of an image. Paths begin with "/", are normalised, and hold no link but perhaps
 * the last component: who walks them resolves links itself, inside the root.
 */
export interface Tree {
  /** The entry at a path, links not followed; undefined where there is none. */
  lstat(path: string): Promise<TreeEntry | undefined>;
  /** Names in a folder, sorted. A name that is not UTF-8 has its bytes shown as `\xNN` and is in `undecodable`. */
  list(path: string): Promise<Listing>;
  /** A regular file's bytes. Throws Failure `BadContent` where it is larger than `limitBytes`. */
  read(path: string, limitBytes: number): Promise<Buffer>;
}
