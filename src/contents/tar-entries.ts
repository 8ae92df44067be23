import { Failure } from '../model/failure.ts';
import { endedEarly, type ByteReader } from './byte-reader.ts';
import { parsePaxRecords, type PaxRecords } from './pax-records.ts';
import { blockBytes, nameText, parseTarHeader, type TarHeader } from './tar-header.ts';

export interface TarEntry {
  readonly kind: 'file' | 'hardlink' | 'symlink' | 'folder' | 'other';
  /** As written. */
  readonly name: string;
  readonly linkName: string;
  readonly sizeBytes: number;
  /** Permissions with setuid, setgid and sticky bits. */
  readonly mode: number;
  /** Its data is a map of holes and what is between them, not its content. */
  readonly sparse: boolean;
  /** Where its data begins, in bytes from the tar's beginning. */
  readonly dataOffset: number;
  /** Its data, the caller's to keep; to be called before the next entry is asked for, or not at all. */
  readonly data: () => Promise<Buffer>;
  /** The same in pieces, for data of any size; to be read to the end, or not at all. */
  readonly pieces: () => AsyncGenerator<Buffer>;
}

/** As Go's archive/tar (maxSpecialFileSize). */
const extensionLimitBytes = 2 ** 20;
const pieceBytes = 64 * 2 ** 10;
/** Types without data, whatever size their header says (Go's archive/tar, isHeaderOnly). */
const headerOnly = /^[1-6]$/;

/**
 * The entries of a tar: ustar, pax and GNU. What follows the two blocks of zeros at its end is not read, and global pax
 * headers are not applied: so do Go's archive/tar and containers/storage. (tar-stream 3 does both otherwise, gives links a body,
 * and takes the extra blocks of a GNU sparse file for headers.)
 * @throws Failure `BadContent`
 */
export async function* tarEntries(reader: ByteReader): AsyncGenerator<TarEntry> {
  let pax: PaxRecords = {};
  let longName: string | undefined;
  let longLink: string | undefined;
  for (;;) {
    const header = await nextHeader(reader);
    if (header === undefined) return;
    if (/^[xgLK]$/.test(header.type)) {
      const bytes = await extension(reader, header.sizeBytes);
      if (header.type === 'x') pax = parsePaxRecords(bytes);
      if (header.type === 'L') longName = untilNul(bytes);
      if (header.type === 'K') longLink = untilNul(bytes);
      continue;
    }
    while (header.moreSparseBlocks) if ((await block(reader))[504] === 0) break;
    const name = pax.path ?? longName ?? header.name;
    const written = pax.sizeBytes ?? header.sizeBytes;
    const sizeBytes = headerOnly.test(header.type) ? 0 : written;
    const start = reader.position();
    let taken = 0;
    yield {
      kind: kindOf(header.type, name),
      name,
      linkName: pax.linkPath ?? longLink ?? header.linkName,
      sizeBytes,
      mode: header.mode,
      sparse: header.type === 'S' || pax.sparse === true,
      dataOffset: start,
      data: async () => {
        const bytes = await reader.take(sizeBytes);
        if (bytes.length < sizeBytes) throw endedEarly(reader.position());
        taken = sizeBytes;
        return copyOf(bytes);
      },
      pieces: async function* () {
        while (taken < sizeBytes) {
          const piece = await reader.take(Math.min(pieceBytes, sizeBytes - taken));
          if (piece.length === 0) throw endedEarly(reader.position());
          taken += piece.length;
          yield piece;
        }
      },
    };
    await reader.skip(padded(sizeBytes) - taken);
    pax = {};
    longName = undefined;
    longLink = undefined;
  }
}

/** The next header, or undefined at the end: two blocks of zeros, or nothing more. */
async function nextHeader(reader: ByteReader): Promise<TarHeader | undefined> {
  const bytes = await reader.take(blockBytes);
  if (bytes.length === 0) return undefined;
  if (bytes.length < blockBytes) throw endedEarly(reader.position());
  const header = parseTarHeader(bytes);
  if (header !== 'end') return header;
  const second = await reader.take(blockBytes);
  if (second.length < blockBytes || parseTarHeader(second) === 'end') return undefined;
  throw new Failure('BadContent', `a tar header is missing at byte ${reader.position()} of the tar`);
}

async function extension(reader: ByteReader, sizeBytes: number): Promise<Buffer> {
  if (sizeBytes > extensionLimitBytes)
    throw new Failure('BadContent', `an extension header of ${sizeBytes} bytes; more than 1 MiB is not read`);
  const bytes = await reader.take(padded(sizeBytes));
  if (bytes.length < padded(sizeBytes)) throw endedEarly(reader.position());
  return bytes.subarray(0, sizeBytes);
}

async function block(reader: ByteReader): Promise<Buffer> {
  const bytes = await reader.take(blockBytes);
  if (bytes.length < blockBytes) throw endedEarly(reader.position());
  return bytes;
}

/** In memory of its own: a view, or a slice of Node's pool, would keep much more than itself. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return nameText(end < 0 ? bytes : bytes.subarray(0, end));
}

function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / blockBytes) * blockBytes;
}

function kindOf(type: string, name: string): TarEntry['kind'] {
  switch (type) {
    case '0':
    case '7':
    case 'S':
      return name.endsWith('/') ? 'folder' : 'file';
    case '1':
      return 'hardlink';
    case '2':
      return 'symlink';
    case '5':
      return 'folder';
    default:
      return 'other';
  }
}
