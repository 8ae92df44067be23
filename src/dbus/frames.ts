import { Failure } from '../model/failure.ts';
import { fixedHeaderBytes } from './message.ts';

export interface Frame {
  /** A whole message; without its body where that is larger than the limit. */
  readonly bytes: Buffer;
  readonly tooLarge: boolean;
}

/** Names and a path are all that a header holds; the bus lets a path be as long as a message. */
const fieldsBytesMax = 64 * 1024;

/**
 * Cuts a stream into messages (D-Bus Specification, "Message Format") and holds no more of one than the limits. A body beyond its limit
 * is passed over as it comes; a header beyond its limit goes with its message, since who sent it is not known before its end.
 * @throws Failure `BadContent` from `push`, for what cannot be a message: the stream is of no use after it
 */
export function createFrames(bodyBytesMax: number): { push: (chunk: Buffer) => Frame[] } {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let skipBytes = 0;

  const push = (chunk: Buffer): Frame[] => {
    const frames: Frame[] = [];
    let rest = skip(chunk);
    held.push(rest);
    heldBytes += rest.length;
    while (heldBytes >= fixedHeaderBytes) {
      if (held.length > 1 && (held[0]?.length ?? 0) < fixedHeaderBytes) held = [Buffer.concat(held)];
      const { headerBytes, bodyBytes } = measure(held[0] as Buffer);
      const refused = headerBytes > fieldsBytesMax + fixedHeaderBytes;
      const tooLarge = refused || bodyBytes > bodyBytesMax;
      const keptBytes = refused ? fixedHeaderBytes : tooLarge ? headerBytes : headerBytes + bodyBytes;
      if (heldBytes < keptBytes) break;
      const all = held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held);
      if (!refused) frames.push({ bytes: all.subarray(0, keptBytes), tooLarge });
      skipBytes = headerBytes + bodyBytes - keptBytes;
      rest = skip(all.subarray(keptBytes));
      held = [rest];
      heldBytes = rest.length;
    }
    return frames;
  };

  const skip = (chunk: Buffer): Buffer => {
    const skipped = Math.min(skipBytes, chunk.length);
    skipBytes -= skipped;
    return chunk.subarray(skipped);
  };
  return { push };
}

function measure(bytes: Buffer): { headerBytes: number; bodyBytes: number } {
  const little = bytes[0] === 0x6c;
  if (!little && bytes[0] !== 0x42) throw new Failure('BadContent', 'what the bus sent is no message');
  const word = (at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  return { headerBytes: fixedHeaderBytes + Math.ceil(word(12) / 8) * 8, bodyBytes: word(4) };
}
