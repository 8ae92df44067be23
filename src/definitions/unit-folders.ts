import { Failure } from '../model/failure.ts';
import type { Scan } from './remember-entries.ts';
import { resolve } from './resolve.ts';

export interface UnitFolder {
  /** Inside the root, without links. */
  readonly path: string;
  readonly names: ReadonlySet<string>;
  /** Of those, what may be a folder of drop-ins. */
  readonly dropIns: ReadonlySet<string>;
}

/** In the order in which podman looks for system units (podman 5.4, cmd/quadlet: the first folder that has a name wins). */
const searchPath = ['/run/containers/systemd', '/etc/containers/systemd', '/usr/share/containers/systemd'];
/** Units of users' own systemd; podman leaves it out for the system's. */
const usersFolder = '/etc/containers/systemd/users';

/** The folders that podman reads quadlets from, with all folders below them, but for drop-in folders (`*.d`). */
export async function findUnitFolders(tree: Scan): Promise<readonly UnitFolder[]> {
  const found = new Map<string, UnitFolder>();
  const visit = async (path: string): Promise<void> => {
    const resolved = await resolve(tree, path);
    if (resolved.kind !== 'folder' || found.has(resolved.path)) return;
    if (resolved.path.endsWith('.d') || resolved.path.startsWith(usersFolder)) return;
    const names = await namesIn(tree, resolved.path);
    const dropIns = new Set(names.filter((name) => name.endsWith('.d')));
    found.set(resolved.path, { path: resolved.path, names: new Set(names), dropIns });
    for (const name of names) {
      const below = `${resolved.path}/${name}`;
      const entry = await tree.lstat(below);
      if (entry?.kind === 'folder' || entry?.kind === 'link') await visit(below);
    }
  };
  for (const path of searchPath) await visit(path);
  return [...found.values()];
}

/** Every path a unit of that name stands at, the one that wins first. */
export function findUnit(folders: readonly UnitFolder[], name: string): readonly string[] {
  return folders.filter((folder) => folder.names.has(name)).map((folder) => `${folder.path}/${name}`);
}

/** The names that are UTF-8: no unit and no drop-in that anything refers to has another. */
async function namesIn(tree: Scan, path: string): Promise<readonly string[]> {
  try {
    const { names, undecodable } = await tree.list(path);
    const skipped = new Set(undecodable);
    return names.filter((name) => !skipped.has(name));
  } catch (error) {
    // As podman: a folder that cannot be read has no units.
    if (error instanceof Failure) return [];
    throw error;
  }
}
