import { posix } from 'node:path';
import { follow, type FileNode, type FolderNode, type ImageNode } from './image-tree.ts';
import { Failure } from '../model/failure.ts';

/** What of an image is to be written, by path without a slash at either end. */
export interface Selection {
  /** Parents first. */
  readonly folders: ReadonlyMap<string, number>;
  readonly files: ReadonlyMap<string, FileNode>;
  /** To what they link, as written in the image. */
  readonly links: ReadonlyMap<string, string>;
  /** What is no file, and left out. */
  readonly leftOut: ReadonlyMap<string, string>;
}

/**
 * The files and folders that paths of an image mean: all below a folder, and of a path through links those links too, so that
 * it means the same where they are written to.
 * @throws Failure `NotFound`; `BadContent` where one of them cannot be read out of the image
 */
export function selectPaths(root: FolderNode, paths: readonly string[]): Selection {
  const folders = new Map<string, number>();
  const files = new Map<string, FileNode>();
  const links = new Map<string, string>();
  const leftOut = new Map<string, string>();

  const addParents = (path: string): void => {
    const names = path.split('/').slice(0, -1);
    let folder: ImageNode | undefined = root;
    names.forEach((name, at) => {
      folder = folder?.kind === 'folder' ? folder.children.get(name) : undefined;
      if (folder?.kind === 'folder') folders.set(names.slice(0, at + 1).join('/'), folder.mode);
    });
  };
  const add = (path: string, node: ImageNode): void => {
    switch (node.kind) {
      case 'file':
        files.set(path, node);
        break;
      case 'link':
        links.set(path, node.target);
        break;
      case 'none':
        if (node.fails) throw new Failure('BadContent', `/${path} cannot be read: ${node.reason}`);
        leftOut.set(path, node.reason);
        break;
      case 'folder':
        if (path !== '') folders.set(path, node.mode);
        for (const [name, child] of node.children) add(path === '' ? name : `${path}/${name}`, child);
    }
  };
  const nodeAt = (path: string): ImageNode | undefined =>
    path
      .split('/')
      .reduce<ImageNode | undefined>(
        (node, name) => (node?.kind === 'folder' ? node.children.get(name) : undefined),
        root,
      );

  for (const path of paths) {
    const { node, path: real, links: passed } = follow(root, path);
    if (node === undefined && !isLink(root, path)) throw new Failure('NotFound', `the image has no /${real}`);
    for (const link of passed) {
      const linkNode = nodeAt(link);
      if (linkNode === undefined) continue;
      addParents(link);
      add(link, linkNode);
    }
    if (node === undefined) continue;
    addParents(real);
    add(real, node);
  }
  return { folders: sorted(folders), files: sorted(files), links: sorted(links), leftOut };
}

/** A link that leads nowhere is still there itself. */
function isLink(root: FolderNode, path: string): boolean {
  const { node } = follow(root, posix.dirname(posix.resolve('/', path)));
  return node?.kind === 'folder' && node.children.get(posix.basename(path))?.kind === 'link';
}

function sorted<T>(map: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}
