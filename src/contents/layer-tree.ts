import { Failure } from '../model/failure.ts';
import type { Tree, TreeEntry } from '../model/tree.ts';
import { pathHash } from './path-hashes.ts';

export type FileNode =
  | { readonly kind: 'file'; readonly sizeBytes: number; readonly content: Buffer }
  | { readonly kind: 'unread'; readonly sizeBytes: number; readonly reason: string }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'other' };

export interface FolderNode {
  readonly kind: 'folder';
  readonly children: Map<string, Child>;
}

export interface Child {
  /** `pathHash` of its path. */
  readonly hash: number;
  readonly node: FileNode | FolderNode;
}

export function emptyFolder(): FolderNode {
  return { kind: 'folder', children: new Map() };
}

/** The node at a path without a slash at either end, no link followed. */
function nodeAt(root: FolderNode, path: string): FileNode | FolderNode | undefined {
  let node: FileNode | FolderNode | undefined = root;
  for (const name of path.split('/')) {
    if (name === '') continue;
    node = node?.kind === 'folder' ? node.children.get(name)?.node : undefined;
    if (node === undefined) return undefined;
  }
  return node;
}

export function putChild(
  folder: FolderNode,
  folderPath: string,
  name: string,
  node: FileNode | FolderNode,
): void {
  const path = folderPath === '' ? name : `${folderPath}/${name}`;
  folder.children.set(name, { hash: folder.children.get(name)?.hash ?? pathHash(path), node });
}

/** What has been merged, as a Tree. */
export function layerTree(root: FolderNode): Tree {
  const at = (path: string) => nodeAt(root, path.slice(1));
  return {
    lstat: async (path) => entryOf(at(path)),
    list: async (path) => {
      const node = at(path);
      if (node?.kind !== 'folder') throw new Failure('BadContent', `${path} is not a folder`);
      const names = [...node.children.keys()].sort();
      return { names, undecodable: names.filter((name) => /\\x[0-9a-f]{2}/.test(name)) };
    },
    read: async (path, limitBytes) => {
      const node = at(path);
      if (node?.kind === 'unread') throw new Failure('BadContent', `${path} cannot be read: ${node.reason}`);
      if (node?.kind !== 'file') throw new Failure('BadContent', `${path} is not a regular file`);
      if (node.sizeBytes > limitBytes)
        throw new Failure('BadContent', `${path} is larger than ${limitBytes} bytes`);
      return node.content;
    },
  };
}

function entryOf(node: FileNode | FolderNode | undefined): TreeEntry | undefined {
  switch (node?.kind) {
    case undefined:
      return undefined;
    case 'file':
    case 'unread':
      return { kind: 'file', sizeBytes: node.sizeBytes };
    case 'link':
      return { kind: 'link', target: node.target };
    case 'folder':
    case 'other':
      return { kind: node.kind };
  }
}
