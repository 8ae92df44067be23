import { createHash } from 'node:crypto';
import { digestParts, type Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';

/** The digest of bytes, by the algorithm of `like`. */
export function digestOf(bytes: Uint8Array, like: Digest | undefined): Digest {
  const algorithm = like === undefined ? 'sha256' : digestParts(like).algorithm;
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}

/**
 * Passes a body on and checks it: its bytes count only once the end has been reached without an error.
 * @param digest of the whole body; undefined where only a part of a blob comes
 * @throws Failure `DigestMismatch`; `BadContent` with more than `sizeBytes`, `Transient` with fewer
 */
export async function* verified(
  body: AsyncIterable<Buffer>,
  sizeBytes: number,
  digest: Digest | undefined,
  what: string,
): AsyncGenerator<Buffer> {
  const hash = digest === undefined ? undefined : createHash(digestParts(digest).algorithm);
  let total = 0;
  for await (const piece of body) {
    total += piece.length;
    if (total > sizeBytes) throw new Failure('BadContent', `${what}: more came than its ${sizeBytes} bytes`);
    hash?.update(piece);
    yield piece;
  }
  if (total < sizeBytes)
    throw new Failure('Transient', `${what}: the server broke off after ${total} of ${sizeBytes} bytes`);
  if (digest !== undefined && hash?.digest('hex') !== digestParts(digest).hex)
    throw new Failure(
      'DigestMismatch',
      `${what}: what came is not what its digest says; the registry or a proxy is damaged`,
    );
}
