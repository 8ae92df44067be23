import { asDigest, type Digest } from '../model/digest.ts';

/** What is asked of the mirror. `key` is the secret part of a path, which says whose run of skopeo asks. */
export type MirrorRequest =
  /** OCI distribution-spec, end-1: skopeo looks whether this is a registry, before it says what it wants. */
  | { readonly kind: 'root' }
  | { readonly kind: 'manifest'; readonly key: string; readonly tagOrDigest: string }
  | { readonly kind: 'blob'; readonly key: string; readonly digest: Digest }
  /** Of a lookaside storage, the `count`th of the manifest's signatures, from 1. */
  | { readonly kind: 'signature'; readonly key: string; readonly digest: Digest; readonly count: number };

const manifest = /^\/v2\/([0-9a-f]{32})\/manifests\/([\w.:-]{1,200})$/;
const blob = /^\/v2\/([0-9a-f]{32})\/blobs\/([\w:]{1,200})$/;
// containers/image, docs/signature-protocols.md: BASE/REPOSITORY@ALGORITHM=HEX/signature-COUNT
const signature =
  /^\/signatures\/([0-9a-f]{32})@(sha256|sha512)=([0-9a-f]{64,128})\/signature-([1-9]\d{0,2})$/;

/** The base of the lookaside storage, as registries.d gives it: skopeo appends the rest of `signature`. */
export const signaturesPath = '/signatures';

/** @param target as it stands in the request line. @returns undefined for anything that skopeo does not ask */
export function parseMirrorPath(target: string): MirrorRequest | undefined {
  if (target === '/v2/') return { kind: 'root' };
  const [, manifestKey, tagOrDigest] = manifest.exec(target) ?? [];
  if (manifestKey !== undefined && tagOrDigest !== undefined)
    return { kind: 'manifest', key: manifestKey, tagOrDigest };
  const [, blobKey, blobDigest] = blob.exec(target) ?? [];
  const digest = asDigest(blobDigest);
  if (blobKey !== undefined && digest !== undefined) return { kind: 'blob', key: blobKey, digest };
  const [, key, algorithm, hex, count] = signature.exec(target) ?? [];
  const signed = asDigest(`${algorithm}:${hex}`);
  if (key === undefined || signed === undefined) return undefined;
  return { kind: 'signature', key, digest: signed, count: Number(count) };
}
