import { posix } from 'node:path';
import { parseChecksums } from '../bundle/checksum-file.ts';
import { follow, type FileNode, type FolderNode } from '../bundle/image-tree.ts';
import type { Placement } from '../bundle/place-files.ts';
import type { Selection } from '../bundle/select-paths.ts';
import { Failure } from '../model/failure.ts';

const checksumName = 'SHA256SUM';
/** Of a hundred bytes a line: ten thousand files. */
const checksumLimitBytes = 2 ** 20;

/** Files of checksums by path: beside a file that is written, or in a folder above it. */
export function findChecksumFiles(root: FolderNode, { files }: Selection): ReadonlyMap<string, FileNode> {
  const folders = new Set<string>();
  for (const path of files.keys())
    for (let folder = posix.dirname(`/${path}`); !folders.has(folder); folder = posix.dirname(folder))
      folders.add(folder);
  const found = new Map<string, FileNode>();
  for (const folder of folders) {
    const { node, path } = follow(root, `${folder}/${checksumName}`);
    // A link in its place leads to sums of other files.
    const isHere = `/${path}` === posix.join(folder, checksumName);
    if (isHere && node?.kind === 'file' && node.sizeBytes <= checksumLimitBytes) found.set(path, node);
  }
  return found;
}

/**
 * Holds what is to be written against the sums. A file that a sum names and that is not written is not looked at.
 * @throws Failure `DigestMismatch`
 */
export async function verifyChecksums(
  root: FolderNode,
  { files }: Selection,
  checksumFiles: ReadonlyMap<string, FileNode>,
  placement: Placement,
): Promise<{ verifiedCount: number; notes: readonly string[] }> {
  const verified = new Set<string>();
  const notes: string[] = [];
  for (const [path, { content }] of checksumFiles) {
    const { sums, odd } = parseChecksums((await placement.read(content)).toString('utf8'));
    if (odd.length > 0)
      notes.push(`/${path}: ${odd.length} lines are no checksums, the first is line ${odd[0]}`);
    let missing = 0;
    for (const { name, hex } of sums) {
      const named = follow(root, posix.resolve('/', posix.dirname(path), name));
      if (named.node === undefined) missing += 1;
      const file = files.get(named.path);
      if (file === undefined) continue;
      if ((await placement.sha256(file.content)) !== hex)
        throw new Failure(
          'DigestMismatch',
          `/${named.path} is not what /${path} of the image says it is; nothing was written. Build the image again.`,
        );
      verified.add(named.path);
    }
    if (missing > 0) notes.push(`/${path} names ${missing} files that the image does not have`);
  }
  return { verifiedCount: verified.size, notes };
}
