import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { asFailure, Failure } from '../model/failure.ts';
import { streamReader } from './byte-reader.ts';
import { zstdFrames } from './zstd-frames.ts';

const otherCompressions: readonly (readonly [string, string])[] = [
  ['425a68', 'bzip2'],
  ['fd377a585a00', 'xz'],
];

/** zlib's own codes, and what Node says where something else follows a gzip member. */
const damage = /^(?:Z_|ZSTD_|ERR_STREAM_PREMATURE_CLOSE$)/;
/** Node's own 16 KiB make four times as many steps. */
const chunkSize = 32 * 2 ** 10;

/**
 * A layer's tar, whichever way it is compressed: by its first bytes, as containers/storage tells it, since media types lie.
 * To stop early ends the source's stream as well.
 * @throws Failure `BadContent` where it is damaged or cut off
 */
export async function* decompressed(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = compressed[Symbol.asyncIterator]();
  try {
    const first = await source.next();
    const head = first.done === true ? Buffer.alloc(0) : await atLeast(first.value, source);
    const whole = prepended(head, source);
    const magic = Buffer.from(head.subarray(0, 6)).toString('hex');
    if (magic.startsWith('1f8b')) yield* through(whole, createGunzip({ chunkSize }));
    else if (/^(?:28b52ffd|5.2a4d18)/.test(magic))
      yield* through(zstdFrames(streamReader(whole)), createZstdDecompress({ chunkSize }));
    else {
      const name = otherCompressions.find(([start]) => magic.startsWith(start))?.[1];
      if (name !== undefined)
        throw new Failure('BadContent', `it is compressed with ${name}; push it with gzip or zstd`);
      yield* whole;
    }
  } finally {
    await source.return?.();
  }
}

/** Enough of a stream to know what it is. */
async function atLeast(first: Uint8Array, source: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head = first;
  while (head.length < 6) {
    const { done, value } = await source.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  return head;
}

async function* prepended(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (;;) {
    const { done, value } = await rest.next();
    if (done === true) return;
    yield value;
  }
}

async function* through(
  input: AsyncIterable<Uint8Array>,
  decoder: ReturnType<typeof createGunzip | typeof createZstdDecompress>,
): AsyncGenerator<Uint8Array> {
  const done = pipeline(Readable.from(input, { objectMode: false }), decoder);
  // Whatever ends it is thrown below as well, out of the decoder.
  done.catch(() => undefined);
  try {
    for await (const piece of decoder) yield piece as Buffer;
    await done;
  } catch (error) {
    const { code } = error as { code?: string };
    if (error instanceof Failure || !damage.test(code ?? '')) throw asFailure(error);
    throw new Failure('BadContent', code === 'Z_BUF_ERROR' ? 'it is cut off' : 'its compression is damaged', {
      cause: error,
    });
  } finally {
    decoder.destroy();
  }
}
