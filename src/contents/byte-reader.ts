import { Failure } from '../model/failure.ts';

/** Bytes in order, taken as they are needed. */
export interface ByteReader {
  /** The next `count` bytes, fewer only at the end. Often a view of a piece: who keeps them copies them. */
  take(count: number): Promise<Buffer>;
  /** @throws Failure `BadContent` where fewer are left. */
  skip(count: number): Promise<void>;
  /** Bytes taken and skipped so far. */
  position(): number;
}

/** A reader of a stream; no more than one piece of it is held beyond what is asked for. */
export function streamReader(stream: AsyncIterator<Uint8Array>): ByteReader {
  let piece: Uint8Array = Buffer.alloc(0);
  let position = 0;
  /** Up to `count` bytes of the piece at hand, or of the next; undefined at the end. */
  const next = async (count: number): Promise<Uint8Array | undefined> => {
    while (piece.length === 0) {
      const { done, value } = await stream.next();
      if (done === true) return undefined;
      piece = value;
    }
    const part = piece.subarray(0, count);
    piece = piece.subarray(part.length);
    position += part.length;
    return part;
  };
  return {
    position: () => position,
    async take(count) {
      const first = (await next(count)) ?? Buffer.alloc(0);
      const parts = [first];
      for (let missing = count - first.length; missing > 0;) {
        const part = await next(missing);
        if (part === undefined) break;
        parts.push(part);
        missing -= part.length;
      }
      return parts.length > 1 ? Buffer.concat(parts) : asBuffer(first);
    },
    async skip(count) {
      for (let missing = count; missing > 0;) {
        const part = await next(missing);
        if (part === undefined) throw endedEarly(position);
        missing -= part.length;
      }
    },
  };
}

export function endedEarly(position: number): Failure {
  return new Failure('BadContent', `it ends in the middle of an entry, at byte ${position} of the tar`);
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
