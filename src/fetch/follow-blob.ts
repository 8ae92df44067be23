import { open, type FileHandle } from 'node:fs/promises';
import type { Growth } from './growth.ts';
import type { PartialPaths } from './partial-blob.ts';

const pieceBytes = 256 * 1024;

/**
 * The bytes `from` to `to` of a file that still grows to `sizeBytes`. The last byte of all is passed on only once the digest has
 * been found right, so that nobody takes a blob for whole whose digest turned out to be wrong.
 * @throws the download's Failure
 */
export async function* followBlob(
  paths: PartialPaths,
  sizeBytes: number,
  growth: Growth,
  { from, to }: { readonly from: number; readonly to: number },
): AsyncGenerator<Buffer> {
  const file = await openEither(paths);
  try {
    let position = from;
    while (position < to) {
      const change = growth.change();
      const end = growth.end();
      if (end?.failure !== undefined) throw end.failure;
      const isSafe = end !== undefined || growth.isWhole();
      const safeBytes = isSafe ? sizeBytes : Math.min(growth.bytes(), sizeBytes - 1);
      const length = Math.min(safeBytes, to, position + pieceBytes) - position;
      if (length <= 0) {
        await change;
        continue;
      }
      const piece = Buffer.allocUnsafe(length);
      const { bytesRead } = await file.read(piece, 0, length, position);
      // It began anew in between.
      if (bytesRead === 0) await change;
      position += bytesRead;
      if (bytesRead > 0) yield piece.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** It may have been renamed since it was looked for. */
async function openEither({ partial, finished }: PartialPaths): Promise<FileHandle> {
  return open(partial, 'r').catch(() => open(finished, 'r'));
}
