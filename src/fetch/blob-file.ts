import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { digestParts, type Digest } from '../model/digest.ts';

const readBytes = 1024 * 1024;

/** A file that is only appended to, with the hash of all that is in it. */
export interface BlobFile {
  readonly handle: FileHandle;
  sizeBytes(): number;
  /** The piece is needed until it resolves. One at a time. */
  append(piece: Buffer): Promise<void>;
  /** Begins anew with nothing in it. */
  clear(): Promise<void>;
  /** Of all that was appended since, in hexadecimal. Only once. */
  hex(): string;
}

/**
 * Opens it with at most `trustedBytes` of what is there, which is read for the hash: node cannot save a hash's state.
 * @param onWritten told the bytes in the file, at first and after each piece
 */
export async function openBlobFile(
  path: string,
  digest: Digest,
  trustedBytes: number,
  onWritten: (bytes: number) => void,
): Promise<BlobFile> {
  const handle = await open(path, trustedBytes === 0 ? 'w+' : 'r+', 0o600);
  const newHash = (): Hash => createHash(digestParts(digest).algorithm);
  let hash = newHash();
  let writtenBytes: number;
  try {
    writtenBytes = await hashStart(handle, hash, trustedBytes);
    await handle.truncate(writtenBytes);
  } catch (error) {
    await handle.close();
    throw error;
  }
  onWritten(writtenBytes);

  return {
    handle,
    sizeBytes: () => writtenBytes,
    append: async (piece) => {
      const writing = writeAll(handle, piece, writtenBytes);
      // While the kernel copies it.
      hash.update(piece);
      await writing;
      writtenBytes += piece.length;
      onWritten(writtenBytes);
    },
    clear: async () => {
      hash = newHash();
      writtenBytes = 0;
      onWritten(0);
      await handle.truncate(0);
    },
    hex: () => hash.digest('hex'),
  };
}

/** @returns how many bytes of the file's start were hashed */
async function hashStart(handle: FileHandle, hash: Hash, limitBytes: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(limitBytes === 0 ? 0 : readBytes);
  let position = 0;
  while (position < limitBytes) {
    const { bytesRead } = await handle.read(
      buffer,
      0,
      Math.min(buffer.length, limitBytes - position),
      position,
    );
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
  return position;
}

/** write(2) may write less than it was given, as when the disk is nearly full. */
async function writeAll(handle: FileHandle, piece: Buffer, start: number): Promise<void> {
  let done = 0;
  while (done < piece.length)
    done += (await handle.write(piece, done, piece.length - done, start + done)).bytesWritten;
}
