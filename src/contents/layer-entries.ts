import { createHash } from 'node:crypto';
import { digestParts, shortDigest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Descriptor } from '../model/manifest.ts';
import { streamReader } from './byte-reader.ts';
import { decompressed } from './decompress.ts';
import type { ContentLimits } from './limits.ts';
import { tarEntries, type TarEntry } from './tar-entries.ts';

export interface ReadLayerOptions {
  readonly limits: ContentLimits;
  readonly signal?: AbortSignal | undefined;
  /** Called with the compressed bytes of each piece. */
  readonly onBytes?: (count: number) => void;
}

/**
 * The entries of a layer's blob, which is read to its last byte: they count only once the end has been reached without an
 * error. Takes a few MiB of memory whatever the layer's size.
 * @throws Failure `DigestMismatch`, `BadContent`, `Cancelled`, and what the stream throws.
 */
export async function* layerEntries(
  blob: AsyncIterable<Uint8Array>,
  { digest, sizeBytes }: Pick<Descriptor, 'digest' | 'sizeBytes'>,
  { limits, signal, onBytes }: ReadLayerOptions,
): AsyncGenerator<TarEntry> {
  const { algorithm, hex } = digestParts(digest);
  const running = createHash(algorithm);
  let compressedBytes = 0;
  let tarBytes = 0;

  async function* watched(): AsyncGenerator<Uint8Array> {
    for await (const piece of blob) {
      if (signal?.aborted) throw new Failure('Cancelled', 'reading the image was cancelled');
      compressedBytes += piece.length;
      if (compressedBytes > sizeBytes)
        throw new Failure(
          'DigestMismatch',
          `it is longer than the ${sizeBytes} bytes that the manifest says`,
        );
      running.update(piece);
      onBytes?.(piece.length);
      yield piece;
    }
  }
  async function* bounded(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of tar) {
      tarBytes += piece.length;
      if (tarBytes > limits.layerBytes)
        throw new Failure('BadContent', `it is more than ${limits.layerBytes} bytes when uncompressed`);
      if (tarBytes > limits.ratioFromBytes && tarBytes > compressedBytes * limits.ratio)
        throw new Failure('BadContent', `it grows more than ${limits.ratio}-fold when uncompressed`);
      yield piece;
    }
  }

  const compressed = watched();
  try {
    const tar = bounded(decompressed(notReturned(compressed)));
    yield* tarEntries(streamReader(tar));
    // Past the end of the tar there may be padding, and the digest is of all of it.
    for await (const piece of tar) void piece;
    for await (const piece of compressed) void piece;
    if (running.digest('hex') !== hex)
      throw new Failure('DigestMismatch', 'its bytes do not have the digest that the manifest says');
  } catch (error) {
    throw aboutLayer(error, digest);
  } finally {
    await compressed.return(undefined);
  }
}

/** What went wrong, said of the layer it went wrong in. */
export function aboutLayer(error: unknown, digest: Descriptor['digest']): unknown {
  if (!(error instanceof Failure)) return error;
  const { code, message } = error;
  const layer = `layer ${shortDigest(digest)}: `;
  if (message.startsWith(layer)) return error;
  if (code === 'DigestMismatch')
    return new Failure(code, `${layer}${message}; the registry, a proxy or the disk is damaged`, {
      cause: error,
    });
  if (code === 'BadContent')
    return new Failure(code, `${layer}${message}. Build the image again, or push it anew.`, {
      cause: error,
    });
  return error;
}

/** A stream that who stops early does not end: the digest is of all its bytes. */
function notReturned<T>(stream: AsyncGenerator<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => ({ next: () => stream.next() }) };
}
