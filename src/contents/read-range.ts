import { createHash } from 'node:crypto';
import { digestParts, type Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Descriptor } from '../model/manifest.ts';
import type { ByteRange, ImageSource } from './source.ts';

/** A range of a blob, in memory. @throws Failure `BadContent` where another number of bytes comes. */
export async function readRange(
  source: ImageSource,
  blob: Descriptor,
  range: ByteRange,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  if (range.offset + range.lengthBytes > blob.sizeBytes)
    throw new Failure('BadContent', `bytes from ${range.offset} on are not in its ${blob.sizeBytes}`);
  const pieces: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const piece of await source.blob(blob, { range, signal })) {
    lengthBytes += piece.length;
    if (lengthBytes > range.lengthBytes) break;
    pieces.push(piece);
  }
  if (lengthBytes !== range.lengthBytes)
    throw new Failure(
      'BadContent',
      `${range.lengthBytes} bytes from ${range.offset} on did not come as asked for`,
    );
  return Buffer.concat(pieces);
}

/** @throws Failure `DigestMismatch` */
export function checkDigest(bytes: Buffer, digest: Digest): void {
  const { algorithm, hex } = digestParts(digest);
  if (createHash(algorithm).update(bytes).digest('hex') !== hex)
    throw new Failure('DigestMismatch', `what came does not have the digest ${digest}`);
}
