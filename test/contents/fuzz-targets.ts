import * as fc from 'fast-check';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { streamReader } from '../../src/contents/byte-reader.ts';
import { decompressed } from '../../src/contents/decompress.ts';
import { readSummary } from '../../src/contents/layer-summary.ts';
import { layerTree } from '../../src/contents/layer-tree.ts';
import { defaultLimits, type ContentLimits } from '../../src/contents/limits.ts';
import { mergeLayers } from '../../src/contents/merge-layers.ts';
import { readLayer } from '../../src/contents/read-layer.ts';
import { tarEntries } from '../../src/contents/tar-entries.ts';
import { tocEntries } from '../../src/contents/toc-entries.ts';
import { readTocLayer } from '../../src/contents/toc-layer.ts';
import { tocPlaceOf } from '../../src/contents/toc-place.ts';
import { readBoundSet } from '../../src/definitions/read-bound-set.ts';
import { bytesTarget, onlyFailures, type FuzzTarget } from '../fuzz/target.ts';
import { descriptorOf, estargz, memorySource, pieces, sha256, zstdChunked } from './pack-image.ts';
import { file, folder, gnuLong, hardlink, pax, symlink, tar, type PackEntry } from './pack-tar.ts';

const bound = 'usr/lib/bootc/bound-images.d';
const quadlets = 'usr/share/containers/systemd';
const unit = '[Image]\nImage=q.test/a:1\n';

const entries: readonly PackEntry[] = [
  folder('usr/lib'),
  file(`${quadlets}/a.image`, unit),
  pax({ path: 'opt/long-name.container', size: '30' }),
  file('short', '[Container]\nImage=a\n'.padEnd(30)),
  gnuLong('L', 'opt/another-long-name'),
  hardlink('short', `${quadlets}/a.image`),
  symlink(`${bound}/a.image`, `/${quadlets}/a.image`),
  { name: 'disk.img', type: 'S', patch: { 482: Buffer.from([1]) } },
  file('usr/.wh.share'),
  file('usr/share/.wh..wh..opq'),
];
const sample = tar(...entries.slice(0, 7));
const samples = [sample, tar(...entries)];
const small: ContentLimits = { ...defaultLimits, layerBytes: 2 ** 20, entries: 1_000, keptEntries: 500 };

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const each of stream) void each;
}

/** Reads it whole, whatever the digest, and what it binds. */
async function readBytes(bytes: Buffer): Promise<void> {
  const summary = await readLayer(pieces(bytes, 700), descriptorOf({ bytes }), { limits: small });
  await readBoundSet(layerTree(mergeLayers([summary, summary])));
}

const zstdToc = zstdChunked(...entries.filter(({ type }) => type !== 'x' && type !== 'L' && type !== 'S'));
const gzipToc = estargz(...entries.filter(({ type }) => type !== 'x' && type !== 'L' && type !== 'S'));

/** A layer whose manifest vouches for whatever its table is: only so is the table itself reached. */
async function readByToc(bytes: Buffer, annotations: Readonly<Record<string, string>>): Promise<void> {
  const layer = { bytes, annotations };
  const descriptor = descriptorOf(layer);
  const place = tocPlaceOf(descriptor);
  if (place !== undefined) await readTocLayer(memorySource([layer]), descriptor, place, { limits: small });
}

const tocJson = Buffer.from(
  `{"version":1,"entries":[{"type":"dir","name":"usr/"},{"type":"reg","name":"${quadlets}/a.image","size":26,` +
    `"digest":"${sha256(Buffer.from(unit))}","offset":0,"endOffset":60},{"type":"symlink","name":"${bound}/a.image",` +
    `"linkName":"/${quadlets}/a.image"},{"type":"hardlink","name":"opt/a.image","linkName":"${quadlets}/a.image"}]}`,
);

/** A table of contents of any JSON, rightly digested, before a file it may be of. */
async function readTable(json: Buffer): Promise<void> {
  const content = zstdCompressSync(Buffer.from(unit));
  const table = zstdCompressSync(json);
  await readByToc(Buffer.concat([content, table]), {
    'io.github.containers.zstd-chunked.manifest-position': `${content.length}:${table.length}:${json.length}:1`,
    'io.github.containers.zstd-chunked.manifest-checksum': sha256(table),
  });
}

const anyPieces: FuzzTarget = {
  name: 'contents/pieces',
  // The same entries come out, however the bytes are cut into pieces.
  property: fc.asyncProperty(fc.integer({ min: 1, max: 3_000 }), async (pieceBytes) => {
    for (const bytes of [
      sample,
      gzipSync(sample),
      Buffer.concat([zstdCompressSync(sample.subarray(0, 900)), zstdCompressSync(sample.subarray(900))]),
    ]) {
      const names: string[] = [];
      for await (const { name } of tarEntries(streamReader(decompressed(pieces(bytes, pieceBytes)))))
        names.push(name);
      if (names.length !== 5) throw new Error(`${names.length} entries in pieces of ${pieceBytes}`);
    }
  }) as fc.IRawProperty<unknown>,
};

const summaries: FuzzTarget = {
  name: 'contents/summary',
  property: fc.asyncProperty(fc.oneof(fc.json(), fc.string()), (text) =>
    onlyFailures(async () => readSummary(text)),
  ) as fc.IRawProperty<unknown>,
};

export const contentsTargets: readonly FuzzTarget[] = [
  bytesTarget('contents/tar', samples, (bytes) => drain(tarEntries(streamReader(pieces(bytes, 300))))),
  bytesTarget('contents/layer', samples, readBytes),
  bytesTarget(
    'contents/layer-gzip',
    samples.map((each) => gzipSync(each)),
    readBytes,
  ),
  bytesTarget(
    'contents/layer-zstd',
    [...samples.map((each) => zstdCompressSync(each)), zstdToc.bytes],
    readBytes,
  ),
  bytesTarget('contents/toc-json', [tocJson], (bytes) => drain(tocEntries(pieces(bytes, 50)))),
  bytesTarget('contents/toc', [tocJson], readTable),
  bytesTarget('contents/zstd-chunked', [zstdToc.bytes], (bytes) =>
    readByToc(bytes, zstdToc.annotations ?? {}),
  ),
  bytesTarget('contents/estargz', [gzipToc.bytes], (bytes) => readByToc(bytes, gzipToc.annotations ?? {})),
  anyPieces,
  summaries,
];
