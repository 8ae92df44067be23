import { open, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../model/failure.ts';
import { endedEarly, type ByteReader } from './byte-reader.ts';
import type { BlobOptions } from './source.ts';
import { tarEntries } from './tar-entries.ts';

/** Files by name: a folder's, or those inside a tar. */
export interface BlobFiles {
  /** @throws Failure `NotFound`, `BadContent` where it is larger. */
  read(name: string, limitBytes: number): Promise<Buffer>;
  /** @throws Failure `NotFound` */
  stream(name: string, options?: BlobOptions): Promise<AsyncIterable<Uint8Array>>;
  close(): Promise<void>;
}

interface Place {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Larger ones pile up before they are collected: what is outside of the heap is not what makes a collection due. */
const pieceBytes = 64 * 2 ** 10;
const archiveEntryLimit = 100_000;

export function folderFiles(folderPath: string): BlobFiles {
  const opened = async (name: string): Promise<{ file: FileHandle; place: Place }> => {
    const path = join(folderPath, name);
    try {
      const file = await open(path, 'r');
      return { file, place: { offset: 0, sizeBytes: (await file.stat()).size } };
    } catch (error) {
      throw new Failure('NotFound', `${path} cannot be opened: ${(error as NodeJS.ErrnoException).code}`, {
        cause: error,
      });
    }
  };
  return {
    async read(name, limitBytes) {
      const { file, place } = await opened(name);
      return wholeOf(piecesOf(file, place, {}, true), place, limitBytes, join(folderPath, name));
    },
    async stream(name, options = {}) {
      const { file, place } = await opened(name);
      return piecesOf(file, place, options, true);
    },
    close: async () => undefined,
  };
}

/** The regular files of a tar: one pass over its headers, then ranges of the tar itself; nothing is unpacked. */
export async function archiveFiles(archivePath: string): Promise<BlobFiles> {
  if (!(await stat(archivePath).catch(() => undefined))?.isFile())
    throw new Failure('NotFound', `${archivePath} is not there, or no file`);
  const file = await open(archivePath, 'r');
  const places = new Map<string, Place>();
  try {
    for await (const entry of tarEntries(await fileReader(file))) {
      if (places.size >= archiveEntryLimit)
        throw new Failure('BadContent', `${archivePath} has more than ${archiveEntryLimit} entries`);
      if (entry.kind === 'file' && !entry.sparse)
        places.set(entry.name.replace(/^\.\//, ''), { offset: entry.dataOffset, sizeBytes: entry.sizeBytes });
    }
  } catch (error) {
    await file.close();
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.code, `${archivePath} is no uncompressed tar: ${error.message}`, {
      cause: error,
    });
  }
  const placeOf = (name: string): Place => {
    const place = places.get(name);
    if (place === undefined)
      throw new Failure('NotFound', `${archivePath} has no ${name}; is it an OCI archive?`);
    return place;
  };
  return {
    read: async (name, limitBytes) => {
      const place = placeOf(name);
      return wholeOf(piecesOf(file, place, {}, false), place, limitBytes, `${archivePath}, ${name}`);
    },
    stream: async (name, options = {}) => piecesOf(file, placeOf(name), options, false),
    close: () => file.close(),
  };
}

async function fileReader(file: FileHandle): Promise<ByteReader> {
  const { size } = await file.stat();
  let position = 0;
  return {
    position: () => position,
    async take(count) {
      const buffer = Buffer.alloc(Math.max(Math.min(count, size - position), 0));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      position += bytesRead;
      return buffer.subarray(0, bytesRead);
    },
    async skip(count) {
      position += count;
      if (position > size) throw endedEarly(size);
    },
  };
}

async function* piecesOf(
  file: FileHandle,
  place: Place,
  { range, signal }: BlobOptions,
  closes: boolean,
): AsyncGenerator<Buffer> {
  const start = place.offset + (range?.offset ?? 0);
  const end = Math.min(
    range === undefined ? Infinity : start + range.lengthBytes,
    place.offset + place.sizeBytes,
  );
  try {
    for (let at = start; at < end;) {
      if (signal?.aborted) throw new Failure('Cancelled', 'reading the image was cancelled');
      const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, end - at));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    if (closes) await file.close();
  }
}

async function wholeOf(
  pieces: AsyncIterable<Buffer>,
  { sizeBytes }: Place,
  limitBytes: number,
  what: string,
): Promise<Buffer> {
  if (sizeBytes > limitBytes) throw new Failure('BadContent', `${what} is larger than ${limitBytes} bytes`);
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}
