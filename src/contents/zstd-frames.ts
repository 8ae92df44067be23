import { Failure } from '../model/failure.ts';
import type { ByteReader } from './byte-reader.ts';

/** RFC 8878, 3.1.1 and 3.1.2. */
const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
/** RFC 8878, 3.1.1.2.4. */
const blockLimitBytes = 128 * 2 ** 10;
const pieceBytes = 64 * 2 ** 10;

/**
 * A zstd stream in pieces of which none crosses the end of a frame, without skippable frames: Node's decoder drops what
 * follows a frame in the same piece without a word, and zstd:chunked layers are thousands of frames.
 * @throws Failure `BadContent`
 */
export async function* zstdFrames(reader: ByteReader): AsyncGenerator<Buffer> {
  for (;;) {
    const magic = await reader.take(4);
    if (magic.length === 0) return;
    if (magic.length < 4) throw cutOff();
    const kind = magic.readUInt32LE();
    if ((kind & 0xfffffff0) >>> 0 === skippableMagic) {
      await skip(reader, (await exactly(reader, 4)).readUInt32LE());
    } else if (kind === frameMagic) {
      yield* frame(reader, magic);
    } else {
      throw new Failure('BadContent', 'what follows a zstd frame is none');
    }
  }
}

async function* frame(reader: ByteReader, magic: Buffer): AsyncGenerator<Buffer> {
  const descriptor = await exactly(reader, 1);
  const flags = descriptor.readUInt8();
  let parts = [magic, descriptor, await exactly(reader, headerBytes(flags))];
  let heldBytes = 0;
  for (let last = false; !last;) {
    const header = await exactly(reader, 3);
    const bits = header.readUIntLE(0, 3);
    last = (bits & 1) === 1;
    const sizeBytes = bits >>> 3;
    if (sizeBytes > blockLimitBytes && !isRepeated(bits))
      throw new Failure('BadContent', 'a zstd block is too large');
    const block = await exactly(reader, isRepeated(bits) ? 1 : sizeBytes);
    parts.push(header, block);
    heldBytes += header.length + block.length;
    if (heldBytes < pieceBytes || last) continue;
    yield Buffer.concat(parts);
    parts = [];
    heldBytes = 0;
  }
  // Bit 2 of the descriptor: a checksum ends the frame.
  if ((flags & 0x04) !== 0) parts.push(await exactly(reader, 4));
  yield Buffer.concat(parts);
}

/** What follows the frame header's descriptor (RFC 8878, 3.1.1.1): window, dictionary and content size. */
function headerBytes(flags: number): number {
  const single = (flags & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 0x03] ?? 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][flags >>> 6] ?? 0;
  return (single ? 0 : 1) + dictionaryBytes + sizeBytes;
}

/** A block of one byte and how often it stands there. */
function isRepeated(bits: number): boolean {
  return ((bits >>> 1) & 3) === 1;
}

async function exactly(reader: ByteReader, count: number): Promise<Buffer> {
  const bytes = await reader.take(count);
  if (bytes.length < count) throw cutOff();
  return bytes;
}

async function skip(reader: ByteReader, count: number): Promise<void> {
  try {
    await reader.skip(count);
  } catch (error) {
    throw error instanceof Failure ? cutOff() : error;
  }
}

function cutOff(): Failure {
  return new Failure('BadContent', 'it is cut off inside a zstd frame');
}
