import * as v from 'valibot';
import { Failure } from '../model/failure.ts';

const size = v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0);
const entry = v.object({
  type: v.picklist(['reg', 'hardlink', 'symlink', 'dir', 'char', 'block', 'fifo', 'chunk']),
  name: v.string(),
  linkName: v.optional(v.string(), ''),
  size,
  offset: size,
  /** zstd:chunked only: where the compressed content ends. */
  endOffset: size,
  /** eStargz only: where the content begins in what is uncompressed from `offset` on. */
  innerOffset: size,
  digest: v.optional(v.string(), ''),
  chunkDigest: v.optional(v.string(), ''),
});

/** Both formats share it (Google CRFS, "stargz"); names are as in the tar. */
export type TocEntry = v.InferOutput<typeof entry>;

/** Both writers begin so. */
const start = /^\s*\{\s*"version"\s*:\s*1\s*,\s*"entries"\s*:\s*\[/;
const startLimitBytes = 256;
const entryLimitBytes = 2 ** 20;
const [quote, backslash, open, close, end] = [0x22, 0x5c, 0x7b, 0x7d, 0x5d];

/**
 * The entries of a table's JSON, each parsed by itself: the table of a large layer is a hundred MB of objects when parsed as one.
 * @throws Failure `BadContent`
 */
export async function* tocEntries(json: AsyncIterable<Uint8Array>): AsyncGenerator<TocEntry> {
  let text = Buffer.alloc(0);
  let at = -1;
  let from = 0;
  let depth = 0;
  let inString = false;
  for await (const piece of json) {
    text = Buffer.concat([text.subarray(from), piece]);
    at -= from;
    from = 0;
    if (at < 0) {
      const head = start.exec(text.toString('latin1', 0, startLimitBytes));
      if (head === null && text.length < startLimitBytes) {
        at = -1;
        continue;
      }
      if (head === null) throw new Failure('BadContent', 'its table of contents is of another version');
      at = head[0].length;
    }
    for (; at < text.length; at += 1) {
      const byte = text[at];
      if (inString) {
        if (byte === backslash) at += 1;
        else if (byte === quote) inString = false;
      } else if (byte === quote) inString = true;
      else if (byte === open) {
        if (depth === 0) from = at;
        depth += 1;
      } else if (byte === close) {
        depth -= 1;
        if (depth === 0) yield parseEntry(text.toString('utf8', from, at + 1));
        if (depth === 0) from = at + 1;
      } else if (byte === end && depth === 0) return;
    }
    if (text.length - from > entryLimitBytes)
      throw new Failure('BadContent', 'its table of contents has an entry of more than 1 MiB');
  }
  throw new Failure('BadContent', 'its table of contents is cut off');
}

function parseEntry(text: string): TocEntry {
  try {
    return v.parse(entry, JSON.parse(text));
  } catch (error) {
    throw new Failure('BadContent', 'its table of contents has an entry that is none', { cause: error });
  }
}
