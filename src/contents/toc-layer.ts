import { posix } from 'node:path';
import { Failure } from '../model/failure.ts';
import type { Descriptor } from '../model/manifest.ts';
import { streamReader } from './byte-reader.ts';
import { collectLayer, type LayerEntry } from './collect-layer.ts';
import { decompressed } from './decompress.ts';
import { fetchFiles, type FilePlace } from './fetch-files.ts';
import { layerPath, mattersByName } from './layer-paths.ts';
import type { LayerSummary } from './layer-summary.ts';
import { quadletLimitBytes, type ContentLimits } from './limits.ts';
import { checkDigest, readRange } from './read-range.ts';
import type { ImageSource } from './source.ts';
import { tarEntries } from './tar-entries.ts';
import { tocEntries, type TocEntry } from './toc-entries.ts';
import { footerBytes, parseStargzFooter, type TocPlace } from './toc-place.ts';

/** The table, which can be read several times, and where the part of the blob that it describes ends. */
interface Toc {
  readonly entries: () => AsyncIterable<TocEntry>;
  readonly end: number;
}

/**
 * Reads a layer by its table of contents: the table, and then the few files that matter, each checked by its digest there.
 * Three passes over the table and none of it kept, because it can be a hundred thousand entries.
 * @returns undefined where anything about it is odd: the whole layer then says what it is.
 * @throws Failure what the source throws for reasons of its own, such as `Transient` or `Cancelled`.
 */
export async function readTocLayer(
  source: ImageSource,
  layer: Descriptor,
  place: TocPlace,
  { limits, signal }: { readonly limits: ContentLimits; readonly signal?: AbortSignal | undefined },
): Promise<LayerSummary | undefined> {
  const read = (range: { offset: number; lengthBytes: number }): Promise<Buffer> =>
    readRange(source, layer, range, signal);
  try {
    const toc =
      place.kind === 'estargz'
        ? await stargzToc(place, layer, limits, read)
        : await zstdToc(place, limits, read);
    const wanted = await wantedPaths(toc);
    const files = await fetchFiles(await placesOf(toc, wanted, place.kind), read);
    const collector = collectLayer(limits);
    for await (const entry of toc.entries())
      if (entry.type !== 'chunk') await collector.add(layerEntry(entry, files));
    return collector.summary();
  } catch (error) {
    if (error instanceof Failure && (error.code === 'BadContent' || error.code === 'DigestMismatch'))
      return undefined;
    throw error;
  }
}

type Read = (range: { offset: number; lengthBytes: number }) => Promise<Buffer>;

async function zstdToc(
  place: Extract<TocPlace, { kind: 'zstd:chunked' }>,
  limits: ContentLimits,
  read: Read,
): Promise<Toc> {
  checkSize(place.range.lengthBytes, limits);
  const bytes = await read(place.range);
  checkDigest(bytes, place.digest);
  return { entries: () => tocEntries(decompressed(once(bytes))), end: place.range.offset };
}

async function stargzToc(
  place: TocPlace,
  layer: Descriptor,
  limits: ContentLimits,
  read: Read,
): Promise<Toc> {
  const footer = await read({ offset: layer.sizeBytes - footerBytes, lengthBytes: footerBytes });
  const range = parseStargzFooter(footer, layer.sizeBytes);
  if (range === undefined) throw new Failure('BadContent', 'it has no footer');
  checkSize(range.lengthBytes, limits);
  for await (const entry of tarEntries(streamReader(decompressed(once(await read(range)))))) {
    if (entry.name !== 'stargz.index.json') break;
    checkSize(entry.sizeBytes, limits);
    const json = await entry.data();
    checkDigest(json, place.digest);
    return { entries: () => tocEntries(once(json)), end: range.offset };
  }
  throw new Failure('BadContent', 'it has no table of contents where its footer says');
}

/** Files that matter by name, what hard links that matter are of, and where the links of bound-images.d lead in this layer. */
async function wantedPaths(toc: Toc): Promise<ReadonlySet<string>> {
  const wanted = new Set<string>();
  for await (const { type, name, linkName } of toc.entries()) {
    const path = layerPath(name);
    if (!mattersByName(path)) continue;
    if (type === 'reg') wanted.add(path);
    if (type === 'hardlink') wanted.add(layerPath(linkName));
    if (type === 'symlink') wanted.add(posix.resolve('/', posix.dirname(path), linkName).slice(1));
  }
  return wanted;
}

async function placesOf(
  toc: Toc,
  wanted: ReadonlySet<string>,
  kind: TocPlace['kind'],
): Promise<ReadonlyMap<string, FilePlace>> {
  const places = new Map<string, FilePlace>();
  // eStargz does not say where a content ends, but the next one begins after that.
  const offsets = new Set([toc.end]);
  for await (const {
    type,
    name,
    size,
    offset,
    endOffset,
    innerOffset,
    digest,
    chunkDigest,
  } of toc.entries()) {
    if (offset > 0) offsets.add(offset);
    const path = type === 'reg' ? layerPath(name) : undefined;
    if (path === undefined || !wanted.has(path) || size > quadletLimitBytes) continue;
    places.set(path, { offset, end: endOffset, innerOffset, sizeBytes: size, digest: digest || chunkDigest });
  }
  if (kind === 'zstd:chunked') return places;
  const sorted = [...offsets].sort((a, b) => a - b);
  for (const [path, place] of places)
    places.set(path, { ...place, end: sorted.find((each) => each > place.offset) ?? toc.end });
  return places;
}

const kinds = {
  reg: 'file',
  hardlink: 'hardlink',
  symlink: 'symlink',
  dir: 'folder',
  char: 'other',
  block: 'other',
  fifo: 'other',
  chunk: 'other',
} as const;

function layerEntry(entry: TocEntry, files: ReadonlyMap<string, Buffer>): LayerEntry {
  const { type, name, linkName, size: sizeBytes } = entry;
  const content = type === 'reg' ? files.get(layerPath(name)) : undefined;
  const data = content === undefined ? {} : { data: () => Promise.resolve(content) };
  return { kind: kinds[type], name, linkName, sizeBytes, sparse: false, ...data };
}

function checkSize(sizeBytes: number, { tocBytes }: ContentLimits): void {
  if (sizeBytes > tocBytes) throw new Failure('BadContent', 'its table of contents is too large');
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
