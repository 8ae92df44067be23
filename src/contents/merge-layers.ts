import type { KeptEntry, LayerSummary } from './layer-summary.ts';
import { emptyFolder, putChild, type FileNode, type FolderNode } from './layer-tree.ts';
import { pathHash, unpackHashes } from './path-hashes.ts';
import { walk, walkMaking } from './walk.ts';

const rootHash = pathHash('');

/**
 * The root that layers make, base first, as far as their summaries say (OCI image-spec "layer", "Applying Changesets").
 * As podman's overlay has it: each layer is unpacked by itself, and its links lead its own entries alone; over lower
 * layers, folders are merged and all else replaces what was there.
 */
export function mergeLayers(layers: readonly LayerSummary[]): FolderNode {
  const root = emptyFolder();
  for (const layer of layers) {
    const upper = unpacked(layer, root);
    const removals = removalsOf(layer);
    if (removals.opaque.has(rootHash)) root.children.clear();
    else if (root.children.size > 0) hide(root, removals);
    lay(upper, root);
  }
  return root;
}

/** One layer by itself; `lower` is for hard links to what it does not have. */
function unpacked({ entries }: LayerSummary, lower: FolderNode): FolderNode {
  const root = emptyFolder();
  for (const entry of entries) {
    const [folderPath, name] = splitPath(entry.path);
    // The root itself.
    if (name === '') continue;
    const parent = walkMaking(root, folderPath);
    // Links in a circle: podman cannot unpack that either.
    if (parent.kind === 'loop') continue;
    const { folder, path } = parent;
    if (entry.kind !== 'folder') putChild(folder, path, name, nodeOf(entry, [root, lower]));
    else if (folder.children.get(name)?.node.kind !== 'folder') putChild(folder, path, name, emptyFolder());
  }
  return root;
}

function nodeOf(entry: Exclude<KeptEntry, { kind: 'folder' }>, roots: readonly FolderNode[]): FileNode {
  if (entry.kind !== 'hardlink') return entry;
  const [folderPath, name] = splitPath(entry.target);
  for (const root of roots) {
    const parent = walk(root, folderPath);
    const there = parent.kind === 'folder' ? parent.folder.children.get(name)?.node : undefined;
    if (there !== undefined && there.kind !== 'folder') return there;
  }
  const reason = `it is a hard link to /${entry.target}, of which no content was remembered`;
  return { kind: 'unread', sizeBytes: 0, reason };
}

interface Removals {
  readonly hidden: ReadonlySet<number>;
  readonly opaque: ReadonlySet<number>;
  readonly folders: ReadonlySet<number>;
}

function removalsOf({ hidden, opaque, folders }: LayerSummary): Removals {
  return { hidden: unpackHashes(hidden), opaque: unpackHashes(opaque), folders: unpackHashes(folders) };
}

/** Takes away what a layer hides of those below. */
function hide(folder: FolderNode, layer: Removals): void {
  for (const [name, { hash, node }] of folder.children) {
    if (layer.hidden.has(hash)) folder.children.delete(name);
    else if (node.kind !== 'folder') {
      if (layer.folders.has(hash)) folder.children.set(name, { hash, node: emptyFolder() });
    } else if (layer.opaque.has(hash)) node.children.clear();
    else hide(node, layer);
  }
}

function lay(upper: FolderNode, lower: FolderNode): void {
  for (const [name, child] of upper.children) {
    const below = lower.children.get(name)?.node;
    if (child.node.kind === 'folder' && below?.kind === 'folder') lay(child.node, below);
    else lower.children.set(name, child);
  }
}

function splitPath(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
}
