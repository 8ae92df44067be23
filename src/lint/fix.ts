import { chown, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { applyEdits } from '../bundle/edit-text.ts';
import type { FileEdit } from '../bundle/finding.ts';
import { readText } from '../definitions/read-text.ts';
import type { Tree } from '../model/tree.ts';
import { writeFileWhole } from '../system/write-file.ts';

/** A file that was edited, or why it was left as it is. Paths are inside the root. */
export type Written =
  | { readonly kind: 'written'; readonly file: string }
  | { readonly kind: 'left'; readonly file: string; readonly reason: string };

/**
 * Makes edits in files of a root, each file whole or not at all. Only what the tree itself reads is written: a folder that is a link,
 * and so may lead out of the root, is not followed. Mode and owner stay.
 * @throws what writing does
 */
export async function writeEdits(
  rootPath: string,
  tree: Tree,
  edits: readonly FileEdit[],
): Promise<Written[]> {
  const root = await realpath(rootPath);
  const written: Written[] = [];
  for (const [file, ofFile] of Map.groupBy(edits, (edit) => edit.file)) {
    const left = (reason: string): unknown => written.push({ kind: 'left', file, reason });
    const read = await readText(tree, file);
    if (read.kind === 'refused' || read.path !== file) {
      left('it is not a file by itself any more');
      continue;
    }
    // Two entries may lead to one quadlet, and want the same of it.
    const unique = new Map(ofFile.map((edit) => [JSON.stringify(edit), edit]));
    const text = applyEdits(read.text, [...unique.values()]);
    if (text === undefined) {
      left('what was to be replaced is not on its line; edit it by hand');
      continue;
    }
    const path = join(root, file);
    if ((await realpath(dirname(path))) !== dirname(path)) {
      left('its folder was exchanged for a link');
      continue;
    }
    const { mode, uid, gid } = await stat(path);
    await writeFileWhole(path, text, { mode: mode & 0o7777 });
    const now = await stat(path);
    if (now.uid !== uid || now.gid !== gid) await chown(path, uid, gid);
    written.push({ kind: 'written', file });
  }
  return written;
}
