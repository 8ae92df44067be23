import { Failure } from '../model/failure.ts';
import { isObject, layerPath, mattersByContent, mattersByName } from './layer-paths.ts';
import type { KeptEntry, LayerSummary } from './layer-summary.ts';
import { quadletLimitBytes, searchedLimitBytes, type ContentLimits } from './limits.ts';
import { collectHashes } from './path-hashes.ts';
import type { TarEntry } from './tar-entries.ts';

/** An entry of a tar, or of a table of contents, where not all data are at hand. */
export interface LayerEntry extends Pick<TarEntry, 'kind' | 'name' | 'linkName' | 'sizeBytes' | 'sparse'> {
  readonly data?: TarEntry['data'];
}

export interface LayerCollector {
  /** Notes the next entry of a layer, and takes its data where they are needed. */
  add(entry: LayerEntry): Promise<void>;
  summary(): LayerSummary;
}

/** Names that begin so are whiteouts of their folder's entries (OCI image-spec "layer", "Whiteouts"). */
const whiteout = '.wh.';
const opaqueWhiteout = '.wh..wh..opq';
/** AUFS's own; podman leaves them out as well (containers/storage pkg/archive, WhiteoutMetaPrefix). */
const metaWhiteout = '.wh..wh.';
/** The last files that did not matter, should a hard link to one matter. In ostree's layers it follows at once. */
const recentFiles = 32;

/** Gathers what matters of one layer, entry by entry. */
export function collectLayer(limits: ContentLimits): LayerCollector {
  const kept = new Map<string, KeptEntry>();
  const hidden = collectHashes();
  const opaque = collectHashes();
  const folders = collectHashes();
  const recent = new Map<string, Buffer>();
  let lastFolder = '';
  let keptBytes = 0;
  let entries = 0;

  const keep = (entry: KeptEntry): void => {
    keptBytes += costOf(entry);
    // A later entry of a path replaces the earlier one, and its place in the order.
    kept.delete(entry.path);
    kept.set(entry.path, entry);
    if (kept.size > limits.keptEntries || keptBytes > limits.keptBytes)
      throw new Failure(
        'BadContent',
        `it has too many links and quadlets: ${kept.size}, of ${keptBytes} bytes`,
      );
  };
  const leaveOut = (path: string, kind: TarEntry['kind']): void => {
    kept.delete(path);
    (kind === 'folder' ? folders : hidden).add(path);
  };
  /** What something is in is a folder, whether the layer says so or not, and no longer the link it may be in a lower one. */
  const noteFolders = (folder: string): void => {
    if (folder === lastFolder) return;
    lastFolder = folder;
    for (let each = folder; each !== ''; [each] = splitPath(each)) folders.add(each);
  };
  const holdRecent = (path: string, content: Buffer): void => {
    recent.set(path, content);
    const [oldest] = recent.keys();
    if (recent.size > recentFiles && oldest !== undefined) recent.delete(oldest);
  };

  const addFile = async (path: string, { sizeBytes, sparse, data }: LayerEntry): Promise<void> => {
    if (mattersByName(path)) {
      const reason = sparse
        ? 'it is stored as a sparse file; write it anew without holes'
        : `it has ${sizeBytes} bytes, more than a quadlet has`;
      if (sparse || sizeBytes > quadletLimitBytes || data === undefined)
        return keep({ kind: 'unread', path, sizeBytes, reason });
      return keep({ kind: 'file', path, sizeBytes, content: await data() });
    }
    if (data !== undefined && !sparse && sizeBytes > 0 && sizeBytes <= searchedLimitBytes) {
      const content = await data();
      if (mattersByContent(content)) return keep({ kind: 'file', path, sizeBytes, content });
      holdRecent(path, content);
    }
    leaveOut(path, 'file');
  };

  const addHardLink = (path: string, target: string): void => {
    const known = kept.get(target);
    const content = recent.get(target);
    if (known !== undefined) keep({ ...known, path });
    else if (!mattersByName(path)) leaveOut(path, 'hardlink');
    else if (content === undefined) keep({ kind: 'hardlink', path, target });
    else keep({ kind: 'file', path, sizeBytes: content.length, content });
  };

  return {
    async add(entry) {
      entries += 1;
      if (entries > limits.entries)
        throw new Failure('BadContent', `it has more than ${limits.entries} entries`);
      const path = layerPath(entry.name);
      const [folder, name] = splitPath(path);
      noteFolders(folder);
      if (name === opaqueWhiteout) opaque.add(folder);
      else if (name.startsWith(metaWhiteout)) return;
      else if (name.startsWith(whiteout)) hidden.add(joined(folder, name.slice(whiteout.length)));
      else if (entry.kind === 'file') await addFile(path, entry);
      else if (entry.kind === 'hardlink') addHardLink(path, layerPath(entry.linkName));
      else if (entry.kind === 'symlink') keep({ kind: 'link', path, target: entry.linkName });
      else if (mattersByName(path)) keep({ kind: entry.kind, path });
      else leaveOut(path, entry.kind);
    },
    summary: () => ({
      // Links that are ostree objects have been given to the paths they stand for.
      entries: [...kept.values()].filter(({ kind, path }) => kind !== 'link' || !isObject(path)),
      hidden: hidden.packed(),
      opaque: opaque.packed(),
      folders: folders.packed(),
    }),
  };
}

function costOf(entry: KeptEntry): number {
  const { path } = entry;
  if (entry.kind === 'file') return path.length + entry.content.length;
  return path.length + ('target' in entry ? entry.target.length : 0);
}

function splitPath(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
}

function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
