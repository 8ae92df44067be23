import { asDigest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import { streamReader } from './byte-reader.ts';
import { decompressed } from './decompress.ts';
import { checkDigest } from './read-range.ts';
import type { ByteRange } from './source.ts';

/** Where a file's content is in a blob that is compressed file by file. */
export interface FilePlace {
  /** Of the first compressed byte, and of what follows the last. */
  readonly offset: number;
  readonly end: number;
  /** Of the content in what comes of these bytes uncompressed. */
  readonly innerOffset: number;
  readonly sizeBytes: number;
  /** As written in the table of contents. */
  readonly digest: string;
}

/** Files that are nearer to each other are fetched at once: to ask again takes longer than this many bytes. */
const gapBytes = 32 * 2 ** 10;
const requestBytes = 4 * 2 ** 20;

/**
 * The contents at these places, each checked by its digest.
 * @throws Failure `BadContent`, `DigestMismatch`
 */
export async function fetchFiles(
  places: ReadonlyMap<string, FilePlace>,
  read: (range: ByteRange) => Promise<Buffer>,
): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const sorted: [string, FilePlace][] = [];
  for (const [path, place] of places) {
    if (place.sizeBytes === 0) files.set(path, Buffer.alloc(0));
    else sorted.push([path, place]);
  }
  sorted.sort(([, a], [, b]) => a.offset - b.offset);
  for (const group of grouped(sorted)) {
    const offset = group[0]?.[1].offset ?? 0;
    const end = Math.max(...group.map(([, place]) => place.end));
    const bytes = await read({ offset, lengthBytes: end - offset });
    for (const [path, place] of group)
      files.set(path, await contentOf(bytes.subarray(place.offset - offset, place.end - offset), place));
  }
  return files;
}

function grouped(sorted: readonly [string, FilePlace][]): readonly [string, FilePlace][][] {
  const groups: [string, FilePlace][][] = [];
  let start = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const each of sorted) {
    const [, place] = each;
    if (place.end <= place.offset || place.end - place.offset > requestBytes)
      throw new Failure('BadContent', 'its table of contents gives a file a place that is none');
    if (place.offset - end > gapBytes || place.end - start > requestBytes) {
      groups.push([]);
      start = place.offset;
      end = start;
    }
    groups.at(-1)?.push(each);
    end = Math.max(end, place.end);
  }
  return groups;
}

async function contentOf(compressed: Buffer, place: FilePlace): Promise<Buffer> {
  const digest = asDigest(place.digest);
  if (digest === undefined)
    throw new Failure('BadContent', 'its table of contents has a file without a digest');
  const stream = decompressed(only(compressed));
  try {
    const reader = streamReader(stream);
    await reader.skip(place.innerOffset);
    const content = await reader.take(place.sizeBytes);
    checkDigest(content, digest);
    return content;
  } finally {
    await stream.return(undefined);
  }
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
