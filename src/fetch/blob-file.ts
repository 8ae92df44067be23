import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { digestParts, type Digest } from '../model/digest.ts';

/** Pieces are gathered to so much for one write: a write for each would cost half as much as its hash. */
const batchBytes = 256 * 1024;
/** And on a slow link to what comes in this time: a kill loses what waits. */
const batchMs = 10;
const readBytes = 1024 * 1024;

/** A file that is only appended to, with the hash of all that is in it. One write is under way while the next is gathered. */
export interface BlobFile {
  readonly handle: FileHandle;
  /** What waits to be written included. */
  sizeBytes(): number;
  /** @returns undefined where the next piece can be taken at once */
  append(piece: Buffer): Promise<void> | undefined;
  /** Writes what waits. */
  flush(): Promise<void>;
  /** Begins anew with nothing in it. */
  clear(): Promise<void>;
  /** Of all that was appended since, in hexadecimal. Only once. */
  hex(): string;
}

/**
 * Opens it with at most `trustedBytes` of what is there, which is read for the hash: node cannot save a hash's state.
 * @param onWritten told the bytes in the file, at first and after each write
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
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let sizeBytes = writtenBytes;
  let startedMs = performance.now();
  let writing: Promise<void> = Promise.resolve();
  onWritten(writtenBytes);

  const write = async (pieces: readonly Buffer[]): Promise<void> => {
    writtenBytes = await writeAll(handle, pieces, writtenBytes);
    onWritten(writtenBytes);
  };
  /** Waits for the write before it alone, which is what bounds the memory. */
  const startWrite = async (): Promise<void> => {
    const before = writing;
    const pieces = waiting;
    waiting = [];
    waitingBytes = 0;
    startedMs = performance.now();
    writing = before.then(() => write(pieces));
    // It is thrown to whoever waits for it next.
    writing.catch(() => {});
    await before;
  };
  return {
    handle,
    sizeBytes: () => sizeBytes,
    append: (piece) => {
      hash.update(piece);
      waiting.push(piece);
      waitingBytes += piece.length;
      sizeBytes += piece.length;
      const full = waitingBytes >= batchBytes || performance.now() - startedMs >= batchMs;
      return full ? startWrite() : undefined;
    },
    flush: async () => {
      if (waitingBytes > 0) await startWrite();
      await writing;
    },
    clear: async () => {
      waiting = [];
      waitingBytes = 0;
      await writing;
      hash = newHash();
      writtenBytes = 0;
      sizeBytes = 0;
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

/** writev(2) may write less than it was given, as when the disk is nearly full. @returns the position after it */
async function writeAll(handle: FileHandle, pieces: readonly Buffer[], start: number): Promise<number> {
  const end = start + pieces.reduce((sum, { length }) => sum + length, 0);
  let { bytesWritten } = await handle.writev(pieces, start);
  if (start + bytesWritten === end) return end;
  const rest = Buffer.concat(pieces);
  while (start + bytesWritten < end)
    bytesWritten += (await handle.write(rest, bytesWritten, null, start + bytesWritten)).bytesWritten;
  return end;
}
