import { Failure } from '../model/failure.ts';

/** Where a file's bytes are: the entry with this number, from 0, of the layer with this number, base 0. */
export interface ContentPlace {
  readonly layer: number;
  readonly entry: number;
}

export interface FileNode {
  readonly kind: 'file';
  readonly layer: number;
  /** Hard links have it in common. */
  readonly content: ContentPlace;
  readonly sizeBytes: number;
  readonly mode: number;
}

export interface FolderNode {
  readonly kind: 'folder';
  readonly layer: number;
  readonly mode: number;
  readonly children: Map<string, ImageNode>;
}

/** What is in an image; `layer` is the newest that speaks of it. */
export type ImageNode =
  | FileNode
  | FolderNode
  | { readonly kind: 'link'; readonly layer: number; readonly target: string }
  /** Nothing that can be written as a file, and why. */
  | { readonly kind: 'none'; readonly layer: number; readonly reason: string; readonly fails: boolean };

/** An entry of a layer. Paths have no slash at either end, and no `.` or `..`. */
export interface PlacedEntry extends ContentPlace {
  readonly kind: 'file' | 'hardlink' | 'symlink' | 'folder' | 'other';
  readonly path: string;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly sparse: boolean;
  /** Of a symlink as written, of a hard link a path like `path`. */
  readonly target: string;
}

export interface ImageTree {
  readonly root: FolderNode;
  /** Adds the next entry: layers base first, each in its tar's order. @throws Failure `BadContent` where there are too many */
  add(entry: PlacedEntry): void;
}

/** Names that begin so are whiteouts of their folder's entries (OCI image-spec "layer", "Whiteouts"). */
const whiteout = '.wh.';
const opaqueWhiteout = '.wh..wh..opq';
/** AUFS's own, which podman leaves out too (containers/storage pkg/archive, WhiteoutMetaPrefix). */
const metaWhiteout = '.wh..wh.';
/** Some hundred MB of memory; the largest OS images have half of it. */
const entryLimit = 1_000_000;
/** As Linux (path_resolution(7)): more links than that are taken for a loop. */
const linkLimit = 40;
const impliedMode = 0o755;

/**
 * The files that layers make, applied one on another in memory (OCI image-spec "layer", "Applying Changesets"): nothing that a
 * tar says can lead out of it, since there is no outside.
 */
export function createImageTree(): ImageTree {
  const root = folderNode(0, impliedMode);
  let entries = 0;
  return {
    root,
    add(entry) {
      entries += 1;
      if (entries > entryLimit)
        throw new Failure('BadContent', `the image has more than ${entryLimit} entries`);
      const slash = entry.path.lastIndexOf('/');
      const name = entry.path.slice(slash + 1);
      // The root itself: the folder that is written to has a mode of its own.
      if (name === '') return;
      const folder = folderFor(root, entry.path.slice(0, Math.max(slash, 0)), entry.layer);
      // Links in a circle: podman cannot unpack that either.
      if (folder === undefined) return;
      if (name === opaqueWhiteout) hideChildren(folder, entry.layer);
      else if (name.startsWith(metaWhiteout)) return;
      else if (name.startsWith(whiteout)) hide(folder, name.slice(whiteout.length), entry.layer);
      else place(root, folder, name, entry);
    },
  };
}

/** What a path leads to, inside the image: every link in it is followed. */
export interface Followed {
  /** Undefined where nothing is. */
  readonly node: ImageNode | undefined;
  /** Without links. */
  readonly path: string;
  /** Paths of the links on the way. */
  readonly links: readonly string[];
}

/** Follows a path; `..` never leaves the root. */
export function follow(root: FolderNode, path: string): Followed {
  const links: string[] = [];
  let trail: { name: string; node: ImageNode }[] = [];
  let pending = path.split('/');
  const at = (...names: readonly string[]): string => [...trail.map(({ name }) => name), ...names].join('/');
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      trail = trail.slice(0, -1);
      continue;
    }
    const here = trail.length === 0 ? root : trail.at(-1)?.node;
    const child = here?.kind === 'folder' ? here.children.get(name) : undefined;
    if (child === undefined) return { node: undefined, path: at(name, ...pending), links };
    if (child.kind !== 'link') {
      trail.push({ name, node: child });
      continue;
    }
    links.push(at(name));
    if (links.length > linkLimit) return { node: undefined, path: at(name), links };
    if (child.target.startsWith('/')) trail = [];
    pending = [...child.target.split('/'), ...pending];
  }
  return { node: trail.length === 0 ? root : trail.at(-1)?.node, path: at(), links };
}

function place(root: FolderNode, folder: FolderNode, name: string, entry: PlacedEntry): void {
  const { layer, mode } = entry;
  const there = folder.children.get(name);
  if (entry.kind === 'folder') {
    const children = there?.kind === 'folder' ? there.children : new Map<string, ImageNode>();
    folder.children.set(name, { kind: 'folder', layer, mode, children });
  } else folder.children.set(name, nodeOf(root, entry));
}

function nodeOf(root: FolderNode, entry: PlacedEntry): ImageNode {
  const { kind, layer, entry: number, mode, sizeBytes, target } = entry;
  const none = (reason: string, fails: boolean): ImageNode => ({ kind: 'none', layer, reason, fails });
  switch (kind) {
    case 'file':
      if (entry.sparse) return none('it is stored as a sparse file; write it anew without holes', true);
      return { kind: 'file', layer, content: { layer, entry: number }, mode, sizeBytes };
    case 'symlink':
      if (target === '') return none('it is a link to nothing', true);
      return { kind: 'link', layer, target };
    case 'hardlink': {
      const slash = target.lastIndexOf('/');
      const parent = follow(root, target.slice(0, Math.max(slash, 0))).node;
      const linked = parent?.kind === 'folder' ? parent.children.get(target.slice(slash + 1)) : undefined;
      if (linked !== undefined && linked.kind !== 'folder') return { ...linked, layer };
      return none(`it is a hard link to /${target}, which is no file of the image`, true);
    }
    case 'folder':
    case 'other':
      return none('it is a device, a pipe or the like', false);
  }
}

/** The folder at a path, links on the way followed; made where there is none, as podman does. Undefined for links in a circle. */
function folderFor(root: FolderNode, path: string, layer: number): FolderNode | undefined {
  const found = follow(root, path);
  if (found.node?.kind === 'folder') return found.node;
  if (found.links.length > linkLimit) return undefined;
  let folder = root;
  for (const name of found.path.split('/')) {
    if (name === '..' || name === '.' || name === '') continue;
    const child = folder.children.get(name);
    const next = child?.kind === 'folder' ? child : folderNode(layer, impliedMode);
    folder.children.set(name, next);
    folder = next;
  }
  return folder;
}

/** Takes away what lower layers have at a name; what the same layer puts there stays, wherever in its tar the whiteout is. */
function hide(folder: FolderNode, name: string, layer: number): void {
  const child = folder.children.get(name);
  if (child === undefined) return;
  if (child.kind === 'folder') hideChildren(child, layer);
  if (child.layer < layer && (child.kind !== 'folder' || child.children.size === 0))
    folder.children.delete(name);
}

function hideChildren(folder: FolderNode, layer: number): void {
  for (const name of folder.children.keys()) hide(folder, name, layer);
}

function folderNode(layer: number, mode: number): FolderNode {
  return { kind: 'folder', layer, mode, children: new Map() };
}
