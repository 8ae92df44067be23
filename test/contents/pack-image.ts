import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { asDigest, type Digest } from '../../src/model/digest.ts';
import type { Descriptor, Manifest } from '../../src/model/manifest.ts';
import type { BlobOptions, ImageSource, ManifestRules } from '../../src/contents/source.ts';
import { choosePlatform } from '../../src/registry/choose-platform.ts';
import { parseManifest } from '../../src/registry/parse-manifest.ts';
import { packed, tar, type PackEntry } from './pack-tar.ts';

/** A layer's blob, and what the manifest says of it. */
export interface PackedLayer {
  readonly bytes: Buffer;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const rules: ManifestRules = {
  platform: { os: 'linux', architecture: 'amd64' },
  parse: parseManifest,
  choose: choosePlatform,
};

export function sha256(bytes: Buffer): Digest {
  const digest = asDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  if (digest === undefined) throw new Error('node:crypto gave no sha256');
  return digest;
}

export function gzipped(...entries: readonly PackEntry[]): PackedLayer {
  return { bytes: gzipSync(tar(...entries)) };
}

export function descriptorOf({ bytes, annotations = {} }: PackedLayer): Descriptor {
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
  return { mediaType, digest: sha256(bytes), sizeBytes: bytes.length, annotations };
}

function manifestOf(layers: readonly PackedLayer[]): Manifest {
  const config = Buffer.from(
    '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
  );
  const written = (descriptor: Descriptor): object => {
    const { sizeBytes, ...rest } = descriptor;
    return { ...rest, size: sizeBytes };
  };
  const document = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: written({
      ...descriptorOf({ bytes: config }),
      mediaType: 'application/vnd.oci.image.config.v1+json',
    }),
    layers: layers.map((layer) => written(descriptorOf(layer))),
  };
  const bytes = Buffer.from(JSON.stringify(document));
  const parsed = parseManifest(bytes, sha256(bytes), document.mediaType, 'test');
  if (parsed.kind !== 'image') throw new Error('the packer made no image');
  return parsed.manifest;
}

/** An image in memory, which counts what is asked of it: each blob's digest, and bytes of it. */
export function memorySource(
  layers: readonly PackedLayer[],
  supportsRanges = true,
): ImageSource & { readonly asked: { digest: Digest; bytes: number; whole: boolean }[] } {
  const asked: { digest: Digest; bytes: number; whole: boolean }[] = [];
  const blobs = new Map(layers.map(({ bytes, ...rest }) => [descriptorOf({ bytes, ...rest }).digest, bytes]));
  return {
    name: 'memory',
    supportsRanges,
    asked,
    manifest: async () => manifestOf(layers),
    async blob({ digest }, { range }: BlobOptions = {}) {
      const all = blobs.get(digest);
      if (all === undefined) throw new Error(`no blob ${digest}`);
      const bytes = range === undefined ? all : all.subarray(range.offset, range.offset + range.lengthBytes);
      asked.push({ digest, bytes: bytes.length, whole: range === undefined });
      return pieces(bytes);
    },
    close: async () => undefined,
  };
}

/** Bytes in pieces whose ends mean nothing. */
export async function* pieces(bytes: Buffer, pieceBytes = 1000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/**
 * A zstd:chunked layer: header blocks and contents in frames of their own, then the table and the footer in skippable
 * frames (containers/storage pkg/chunked/internal/minimal).
 */
export function zstdChunked(...entries: readonly PackEntry[]): PackedLayer {
  const parts: Buffer[] = [];
  const put = (bytes: Buffer): [offset: number, end: number] => {
    const offset = parts.reduce((total, { length }) => total + length, 0);
    parts.push(bytes);
    return [offset, offset + bytes.length];
  };
  const toc = entries.map((entry) => {
    const { head, content, tail } = split(entry);
    put(zstdCompressSync(head));
    const [offset, endOffset] = put(content.length === 0 ? Buffer.alloc(0) : zstdCompressSync(content));
    if (tail.length > 0) put(zstdCompressSync(tail));
    return { ...tocEntry(entry, content), ...(content.length > 0 ? { offset, endOffset } : {}) };
  });
  put(zstdCompressSync(Buffer.alloc(1024)));
  const json = Buffer.from(JSON.stringify({ version: 1, entries: toc }));
  const table = zstdCompressSync(json);
  const [offset] = put(skippable(table));
  put(skippable(Buffer.alloc(64)));
  return {
    bytes: Buffer.concat(parts),
    annotations: {
      'io.github.containers.zstd-chunked.manifest-position': `${offset + 8}:${table.length}:${json.length}:1`,
      'io.github.containers.zstd-chunked.manifest-checksum': sha256(table),
    },
  };
}

/** An eStargz layer: the same in members of gzip, the table as its last file (stargz-snapshotter docs/estargz.md). */
export function estargz(...entries: readonly PackEntry[]): PackedLayer {
  const parts: Buffer[] = [];
  const put = (bytes: Buffer): number => {
    const offset = parts.reduce((total, { length }) => total + length, 0);
    parts.push(bytes);
    return offset;
  };
  const toc = entries.map((entry) => {
    const { head, content, tail } = split(entry);
    put(gzipSync(head));
    const offset = content.length === 0 ? 0 : put(gzipSync(Buffer.concat([content, tail])));
    return { ...tocEntry(entry, content), ...(offset > 0 ? { offset } : {}) };
  });
  const json = Buffer.from(JSON.stringify({ version: 1, entries: toc }));
  const offset = put(gzipSync(tar({ name: 'stargz.index.json', content: json })));
  const extra = Buffer.from(`${offset.toString(16).padStart(16, '0')}STARGZ`);
  const gzipHeader = Buffer.from('1f8b0804000000000003', 'hex');
  const subfield = Buffer.from([26, 0, 0x53, 0x47, 22, 0]);
  put(Buffer.concat([gzipHeader, subfield, extra, Buffer.from('010000ffff', 'hex'), Buffer.alloc(8)]));
  return {
    bytes: Buffer.concat(parts),
    annotations: { 'containerd.io/snapshot/stargz/toc.digest': sha256(json) },
  };
}

function split(entry: PackEntry): { head: Buffer; content: Buffer; tail: Buffer } {
  const all = packed(entry);
  const contentBytes = Buffer.from(entry.content ?? '').length;
  return {
    head: all.subarray(0, 512),
    content: all.subarray(512, 512 + contentBytes),
    tail: all.subarray(512 + contentBytes),
  };
}

function tocEntry({ name, type = '0', linkName }: PackEntry, content: Buffer): object {
  const types: Record<string, string> = { '0': 'reg', '1': 'hardlink', '2': 'symlink', '5': 'dir' };
  return {
    type: types[type],
    name: String(name),
    ...(linkName === undefined ? {} : { linkName }),
    ...(content.length === 0
      ? {}
      : { size: content.length, digest: sha256(content), chunkDigest: sha256(content) }),
  };
}

function skippable(bytes: Buffer): Buffer {
  const head = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  head.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}
