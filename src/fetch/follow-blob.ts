import { open, type FileHandle } from 'node:fs/promises';
import type { Growth } from './growth.ts';
import type { PartialPaths } from './partial-blob.ts';

const pieceBytes = 256 * 1024;

/**
 * The bytes `from` to `to` of a file that grows to `sizeBytes`, or that is whole. The last byte of all is passed on only once the digest
 * has been found right, so that nobody takes a blob for whole whose digest turned out to be wrong. All pieces share one buffer: each
 * holds until the next is asked for. Buffers of their own would cost more than reading.
 * @param growth undefined for one that is whole
 * @throws the download's Failure
 */
export async function* followBlob(
  paths: PartialPaths,
  sizeBytes: number,
  growth: Growth | undefined,
  { from, to }: { readonly from: number; readonly to: number },
): AsyncGenerator<Buffer> {
  if (from >= to) return;
  const file = await openEither(paths);
  const buffer = Buffer.allocUnsafeSlow(Math.min(pieceBytes, to - from));
  try {
    let position = from;
    while (position < to) {
      const change = growth?.change();
      const end = growth?.end();
      if (end?.failure !== undefined) throw end.failure;
      const isSafe = growth === undefined || end !== undefined || growth.isWhole();
      const safeBytes = isSafe ? sizeBytes : Math.min(growth.bytes(), sizeBytes - 1);
      const length = Math.min(safeBytes - position, to - position, buffer.length);
      if (length <= 0) {
        await change;
        continue;
      }
      const { bytesRead } = await file.read(buffer, 0, length, position);
      if (bytesRead > 0) {
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
      // It began anew in between; one that is whole was cut off.
      else if (growth === undefined) return;
      else await change;
    }
  } finally {
    await file.close();
  }
}

/** It may have been renamed since it was looked for. */
async function openEither({ partial, finished }: PartialPaths): Promise<FileHandle> {
  return open(finished, 'r').catch(() => open(partial, 'r').catch(() => open(finished, 'r')));
}
