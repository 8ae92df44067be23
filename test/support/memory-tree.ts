import { posix } from 'node:path';
import { Failure } from '../../src/model/failure.ts';
import type { Tree, TreeEntry } from '../../src/model/tree.ts';

/** What stands at a path: a file's content, a link, or a pipe. Folders are there where something is below them, or as such. */
export type Node =
  string | Buffer | { readonly link: string } | { readonly other: true } | { readonly folder: true };

/** A Tree out of memory; keys are absolute paths. Shares nothing with the one on disk but the contract of Tree. */
export function memoryTree(content: Readonly<Record<string, Node>>): Tree {
  const nodes = new Map<string, Node>([['/', { folder: true }]]);
  for (const [path, node] of Object.entries(content)) {
    for (let folder = posix.dirname(path); folder !== '/'; folder = posix.dirname(folder))
      if (!nodes.has(folder)) nodes.set(folder, { folder: true });
    nodes.set(path, node);
  }
  return {
    lstat: async (path) => {
      const node = nodes.get(path);
      return node === undefined ? undefined : entryOf(node);
    },
    list: async (path) => {
      const names = [...nodes.keys()].filter((each) => each !== '/' && posix.dirname(each) === path);
      return { names: names.map((each) => posix.basename(each)).sort(), undecodable: [] };
    },
    read: async (path, limitBytes) => {
      const node = nodes.get(path);
      if (typeof node !== 'string' && !Buffer.isBuffer(node))
        throw new Failure('BadContent', `${path} is not a regular file`);
      const bytes = Buffer.from(node);
      if (bytes.length > limitBytes)
        throw new Failure('BadContent', `${path} is larger than ${limitBytes} bytes`);
      return bytes;
    },
  };
}

function entryOf(node: Node): TreeEntry {
  if (typeof node === 'string' || Buffer.isBuffer(node))
    return { kind: 'file', sizeBytes: Buffer.byteLength(node) };
  if ('link' in node) return { kind: 'link', target: node.link };
  return { kind: 'other' in node ? 'other' : 'folder' };
}
