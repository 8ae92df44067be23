import type { Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { basename, dirname, join, normalize } from 'node:path';

/** What a tar says of one path. */
interface TarFile {
  readonly kind: 'file' | 'hardlink' | 'symlink' | 'folder' | 'other';
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
}

/** What has to stand at a path of a layer's folder; the last entry of a path counts. */
export interface ExpectedFile extends TarFile {
  /** Inside the layer's folder. */
  readonly path: string;
  /** Nothing of that path below the layer is seen: OCI image-spec "Whiteouts"; overlay has a device 0/0 for it. */
  readonly whiteout: boolean;
}

const whiteoutPrefix = '.wh.';
const faultsMax = 20;

export function expectedFile({ kind, name, linkName, mode }: TarFile): ExpectedFile {
  const path = normalize(`/${name}`).replace(/\/$/, '');
  const last = basename(path);
  const whiteout = last.startsWith(whiteoutPrefix);
  const shown = whiteout ? join(dirname(path), last.slice(whiteoutPrefix.length)) : path;
  return { kind, name, linkName, mode, path: shown, whiteout };
}

/** What is gone, of another kind or mode, or links elsewhere; not more than twenty. */
export async function compareFiles(folder: string, files: readonly ExpectedFile[]): Promise<string[]> {
  const faults: string[] = [];
  for (const file of files) {
    const fault = await compareFile(folder, file);
    if (fault !== undefined) faults.push(`${file.path}: ${fault}`);
    if (faults.length === faultsMax) break;
  }
  return faults;
}

async function compareFile(folder: string, file: ExpectedFile): Promise<string | undefined> {
  // Names that are not UTF-8 have been made readable and are no paths any more; `.wh..wh..opq` is kept as an attribute.
  if (file.name.includes('\\x') || file.path.includes(`/${whiteoutPrefix}`)) return undefined;
  const path = join(folder, file.path);
  const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => error.code ?? 'unknown');
  if (typeof stats === 'string') return stats === 'ENOENT' ? 'is gone' : `cannot be looked at (${stats})`;
  if (file.whiteout) return stats.isCharacterDevice() ? undefined : 'hides nothing any more';
  if (!isOfKind(stats, file.kind)) return 'is something else';
  if (file.kind === 'symlink')
    return (await readlink(path).catch(() => '')) === file.linkName ? undefined : 'links elsewhere';
  const mode = stats.mode & 0o7777;
  // Of several names for one file the last entry gives it its mode (c/storage, pkg/archive): which that was is not told here.
  const isLinked = !stats.isDirectory() && stats.nlink > 1;
  if (isLinked || mode === file.mode) return undefined;
  return `has mode ${mode.toString(8)}, not ${file.mode.toString(8)}`;
}

function isOfKind(stats: Stats, kind: TarFile['kind']): boolean {
  switch (kind) {
    case 'file':
      return stats.isFile();
    case 'symlink':
      return stats.isSymbolicLink();
    case 'folder':
      return stats.isDirectory();
    case 'hardlink':
    case 'other':
      return !stats.isDirectory();
  }
}
