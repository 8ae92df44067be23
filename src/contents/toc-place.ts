import { asDigest, type Digest } from '../model/digest.ts';
import type { Descriptor } from '../model/manifest.ts';
import type { ByteRange } from './source.ts';

/** Where a layer's table of contents is, and the digest that makes it as good as the manifest that names it. */
export type TocPlace =
  /** The digest is of its compressed bytes (containers/storage pkg/chunked, "zstd-chunked.md"). */
  | { readonly kind: 'zstd:chunked'; readonly digest: Digest; readonly range: ByteRange }
  /** The digest is of its JSON; the footer says where that is (stargz-snapshotter "estargz.md"). */
  | { readonly kind: 'estargz'; readonly digest: Digest };

const zstdPosition = 'io.github.containers.zstd-chunked.manifest-position';
const zstdChecksum = 'io.github.containers.zstd-chunked.manifest-checksum';
const stargzDigest = 'containerd.io/snapshot/stargz/toc.digest';
export const footerBytes = 51;

/** Undefined where the layer has none that can be trusted. */
export function tocPlaceOf({ annotations, sizeBytes }: Descriptor): TocPlace | undefined {
  const checksum = asDigest(annotations[zstdChecksum]);
  // <offset>:<length>:<uncompressed length>:<type>, the type being 1.
  const position = /^(\d{1,15}):(\d{1,15}):\d{1,15}:1$/.exec(annotations[zstdPosition] ?? '');
  if (checksum !== undefined && position !== null) {
    const range = { offset: Number(position[1]), lengthBytes: Number(position[2]) };
    if (range.offset + range.lengthBytes <= sizeBytes)
      return { kind: 'zstd:chunked', digest: checksum, range };
  }
  const digest = asDigest(annotations[stargzDigest]);
  return digest !== undefined && sizeBytes > footerBytes ? { kind: 'estargz', digest } : undefined;
}

/** Where the compressed tar with the table is, by an eStargz blob's last 51 bytes; undefined where they are no footer. */
export function parseStargzFooter(footer: Buffer, blobBytes: number): ByteRange | undefined {
  // After gzip's 10 bytes of header, XLEN, the subfield's name "SG" and its length.
  const [, hex] = /^([0-9a-f]{16})STARGZ$/.exec(footer.toString('latin1', 16, 38)) ?? [];
  const offset = Number.parseInt(hex ?? '', 16);
  const lengthBytes = blobBytes - footerBytes - offset;
  return footer.length === footerBytes && lengthBytes > 0 ? { offset, lengthBytes } : undefined;
}
