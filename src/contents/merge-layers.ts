import type { KeptEntry, LayerSummary } from './layer-summary.ts';
import { emptyFolder, putChild, type FileNode, type FolderNode } from './layer-tree.ts';
import { pathHash, unpackHashes } from './path-hashes.ts';
import { walk, walkMaking } from './walk.ts';

const rootHash = pathHash('');

/**
 * The root that layers make, base first, as far as their summaries say: later entries replace earlier ones, folders are
 * merged, whiteouts take away what lower layers have (OCI image-spec "layer", "Applying Changesets").
 */
export function mergeLayers(layers: readonly LayerSummary[]): FolderNode {
  const root = emptyFolder();
  for (const layer of layers) {
    const removals = removalsOf(layer);
    // Before the layer's own entries, which its whiteouts do not touch.
    if (removals.opaque.has(rootHash)) root.children.clear();
    else if (root.children.size > 0) hide(root, removals);
    for (const entry of layer.entries) place(root, entry);
  }
  return root;
}

interface Removals {
  readonly hidden: ReadonlySet<number>;
  readonly opaque: ReadonlySet<number>;
  readonly folders: ReadonlySet<number>;
}

function removalsOf({ hidden, opaque, folders }: LayerSummary): Removals {
  return { hidden: unpackHashes(hidden), opaque: unpackHashes(opaque), folders: unpackHashes(folders) };
}

function hide(folder: FolderNode, layer: Removals): void {
  for (const [name, { hash, node }] of folder.children) {
    if (layer.hidden.has(hash)) folder.children.delete(name);
    else if (node.kind !== 'folder') {
      if (layer.folders.has(hash)) folder.children.set(name, { hash, node: emptyFolder() });
    } else if (layer.opaque.has(hash)) node.children.clear();
    else hide(node, layer);
  }
}

function place(root: FolderNode, entry: KeptEntry): void {
  const [folderPath, name] = splitPath(entry.path);
  // The root itself.
  if (name === '') return;
  const parent = walkMaking(root, folderPath);
  // Links in a circle: podman cannot unpack that either.
  if (parent.kind === 'loop') return;
  const { folder, path } = parent;
  if (entry.kind !== 'folder') putChild(folder, path, name, nodeOf(root, entry));
  else if (folder.children.get(name)?.node.kind !== 'folder') putChild(folder, path, name, emptyFolder());
}

function nodeOf(root: FolderNode, entry: Exclude<KeptEntry, { kind: 'folder' }>): FileNode {
  if (entry.kind !== 'hardlink') return entry;
  const [folderPath, name] = splitPath(entry.target);
  const parent = walk(root, folderPath);
  const there = parent.kind === 'folder' ? parent.folder.children.get(name)?.node : undefined;
  if (there !== undefined && there.kind !== 'folder') return there;
  const reason = `it is a hard link to /${entry.target}, of which no content was remembered`;
  return { kind: 'unread', sizeBytes: 0, reason };
}

function splitPath(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
}
