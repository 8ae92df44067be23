import type { BoundSet, Definition } from '../model/definition.ts';
import { Failure } from '../model/failure.ts';
import type { Problem } from '../model/problem.ts';
import type { Listing, Tree } from '../model/tree.ts';
import { problem } from '../model/problem-codes.ts';
import { readEntry } from './read-entry.ts';
import { rememberEntries } from './remember-entries.ts';
import { resolve } from './resolve.ts';
import { findUnitFolders } from './unit-folders.ts';

const boundImagesFolder = '/usr/lib/bootc/bound-images.d';
/** More than any OS image binds by a factor of a hundred; what comes after is not read. */
const entryLimit = 10_000;

/**
 * The images a root is logically bound to, and everything that is wrong with how it says so (docs/problems.md).
 * What is wrong with one entry is never the end of the scan. Without the folder nothing is bound.
 */
export async function readBoundSet(root: Tree): Promise<BoundSet> {
  const tree = rememberEntries(root);
  const resolved = await resolve(tree, boundImagesFolder);
  if (resolved.kind === 'missing' && (await tree.lstat(resolved.at)) === undefined)
    return { definitions: [], problems: [] };
  const at = { file: boundImagesFolder };
  const unreadable = (reason: string): BoundSet => {
    const text = `the folder of bound images cannot be read: ${reason}. Make it a folder of links.`;
    return { definitions: [], problems: [problem('bound-images-unreadable', at, text)] };
  };
  if (resolved.kind !== 'folder') return unreadable('it is no folder');
  let listed: Listing;
  try {
    listed = await tree.list(resolved.path);
  } catch (error) {
    if (error instanceof Failure) return unreadable(error.message);
    throw error;
  }

  const definitions: Definition[] = [];
  const problems: Problem[] = [];
  if (listed.names.length > entryLimit) {
    const text = `it has ${listed.names.length} entries; only the first ${entryLimit} are read. Remove some.`;
    problems.push(problem('too-many-entries', at, text));
  }
  const folders = await findUnitFolders(tree);
  const undecodable = new Set(listed.undecodable);
  for (const name of listed.names.slice(0, entryLimit)) {
    const entry = `${resolved.path}/${name}`;
    if (undecodable.has(name)) {
      const text = 'bootc refuses a name that is not UTF-8. Rename the entry.';
      problems.push(problem('name-not-utf8', { file: entry }, text));
      continue;
    }
    try {
      const read = await readEntry(tree, folders, entry);
      definitions.push(...read.definitions);
      problems.push(...read.problems);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      problems.push(problem('target-unreadable', { file: entry }, `${error.message}. Make it readable.`));
    }
  }
  return { definitions, problems };
}
