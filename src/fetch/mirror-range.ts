import type { Span } from './mirror-image.ts';

/** c/storage asks for 1,024 chunks of a zstd:chunked layer at once at most (pkg/chunked, maxNumberMissingChunks). */
const limitSpans = 2_000;

/**
 * The spans of a blob that a Range header asks for, in its order (RFC 9110, 14.1.2): undefined is the whole, which is also the
 * answer to what is no byte range; none are left where all lie beyond the end (416).
 */
export function parseRanges(header: string | undefined, sizeBytes: number): readonly Span[] | undefined {
  const list = /^bytes=([\d\s,-]+)$/.exec(header ?? '')?.[1]?.split(',');
  if (list === undefined || list.length > limitSpans) return undefined;
  const spans: Span[] = [];
  for (const text of list) {
    const [whole, first, last] = /^\s*(\d{0,15})-(\d{0,15})\s*$/.exec(text) ?? [];
    if (whole === undefined || (first === '' && last === '')) return undefined;
    const suffix = first === '';
    const from = suffix ? Math.max(0, sizeBytes - Number(last)) : Number(first);
    const to = suffix || last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1);
    if (!suffix && last !== '' && Number(last) < from) return undefined;
    if (from < to) spans.push({ from, to });
  }
  return spans;
}
