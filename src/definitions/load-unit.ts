import { posix } from 'node:path';
import type { Problem } from '../model/problem.ts';
import { Failure } from '../model/failure.ts';
import { problem } from '../model/problem-codes.ts';
import { readResolved, type QuadletFile } from './read-text.ts';
import type { Scan } from './remember-entries.ts';
import { resolve } from './resolve.ts';
import { parseUnit, type Assignment, type ParsedUnit, type Unit } from './unit-file.ts';
import { findUnit, type UnitFolder } from './unit-folders.ts';

export type LoadedUnit =
  | { readonly kind: 'unit'; readonly unit: Unit; readonly problems: readonly Problem[] }
  | {
      readonly kind: 'refused';
      readonly code: 'quadlet-syntax' | 'quadlet-unreadable';
      readonly file: string;
      readonly line?: number;
      readonly reason: string;
    };

/**
 * A unit as podman makes it of all files of its name: the one in the folder that comes first, then its drop-ins.
 * A link to /dev/null or an empty file masks what comes later in the search path; such a unit has no keys.
 * Undefined where no folder has the name. `known` is a file already read, which is not read again.
 */
export async function loadUnit(
  tree: Scan,
  folders: readonly UnitFolder[],
  name: string,
  known?: QuadletFile,
): Promise<LoadedUnit | undefined> {
  const refused: Extract<LoadedUnit, { kind: 'refused' }>[] = [];
  for (const path of findUnit(folders, name)) {
    const parsed = await readUnit(tree, path, known);
    if (parsed.kind === 'unit') {
      const problems = refused.map((each) =>
        problem(each.code, each, `podman passes over this file: ${each.reason}. Correct it.`, 'warning'),
      );
      return withDropIns(tree, folders, name, parsed.unit, problems);
    }
    refused.push(parsed);
  }
  return refused[0];
}

/** Drop-in folders of a unit, the most specific first (podman 5.4, GetUnitDropinPaths). Pure. */
export function dropInFolders(name: string): readonly string[] {
  const type = posix.extname(name);
  const [prefix, instance] = cutOnce(name.slice(0, name.length - type.length), '@');
  const names = [`${type.slice(1)}.d`];
  const parts = prefix.split('-').slice(0, -1);
  for (const index of parts.keys()) {
    const dashed = `${parts.slice(0, index + 1).join('-')}-`;
    names.push(`${dashed}${type}.d`);
    if (instance !== undefined) names.push(`${dashed}@${type}.d`);
  }
  if (instance !== undefined && instance !== '') names.push(`${prefix}@${type}.d`);
  names.push(`${name}.d`);
  return names.reverse();
}

async function withDropIns(
  tree: Scan,
  folders: readonly UnitFolder[],
  name: string,
  unit: Unit,
  problems: Problem[],
): Promise<LoadedUnit> {
  if (folders.every(({ dropIns }) => dropIns.size === 0)) return { kind: 'unit', unit, problems };
  // The first drop-in of a file name wins, in whichever folder; then they apply in the order of their names.
  const paths = new Map<string, string>();
  for (const folder of folders) {
    for (const dropIns of dropInFolders(name)) {
      if (!folder.dropIns.has(dropIns)) continue;
      for (const path of await listDropIns(tree, posix.join(folder.path, dropIns), problems))
        if (!paths.has(posix.basename(path))) paths.set(posix.basename(path), path);
    }
  }
  const all: Assignment[] = [...unit];
  for (const [, path] of [...paths].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const parsed = await readUnit(tree, path);
    if (parsed.kind === 'unit') all.push(...parsed.unit);
    else problems.push(problem('bad-drop-in', parsed, `podman leaves this drop-in out: ${parsed.reason}`));
  }
  return { kind: 'unit', unit: all, problems };
}

async function listDropIns(tree: Scan, path: string, problems: Problem[]): Promise<readonly string[]> {
  const resolved = await resolve(tree, path);
  if (resolved.kind === 'missing') return [];
  try {
    if (resolved.kind !== 'folder') throw new Failure('BadContent', `${path} is no folder`);
    const { names } = await tree.list(resolved.path);
    return names.filter((name) => name.endsWith('.conf')).map((name) => posix.join(path, name));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    problems.push(problem('bad-drop-in', { file: path }, `${error.message}: podman ignores it. Remove it.`));
    return [];
  }
}

/** The assignments of one file, or why podman refuses it. */
async function readUnit(
  tree: Scan,
  path: string,
  known?: QuadletFile,
): Promise<Extract<ParsedUnit, { kind: 'unit' }> | Extract<LoadedUnit, { kind: 'refused' }>> {
  // A root that is not running has no /dev/null to read.
  const resolved = await resolve(tree, path);
  if (resolved.kind !== 'loop' && resolved.path === '/dev/null') return { kind: 'unit', unit: [] };
  const isKnown = known !== undefined && resolved.kind === 'file' && resolved.path === known.path;
  const read = isKnown ? ({ ...known, kind: 'text' } as const) : await readResolved(tree, resolved);
  if (read.kind === 'refused')
    return { kind: 'refused', code: 'quadlet-unreadable', file: path, reason: read.reason };
  const parsed = parseUnit(read.text, read.path);
  return parsed.kind === 'unit' ? parsed : { ...parsed, code: 'quadlet-syntax', file: read.path };
}

function cutOnce(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
