import { Readable } from 'node:stream';
import { stat } from 'node:fs/promises';
import { blobName } from '../bundle/layout-blobs.ts';
import { type Member, membersOf, refName, type SetEntry, setsOf } from '../bundle/layout-index.ts';
import { archiveFiles, type BlobFiles, folderFiles } from '../contents/blob-files.ts';
import type { ByteRange } from '../contents/source.ts';
import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Descriptor, Index } from '../model/manifest.ts';
import { parseReference, type Reference, storeName } from '../model/reference.ts';
import { defaultLimits } from '../registry/limits.ts';
import type { ManifestBytes } from '../registry/manifest-at.ts';
import { parseManifest } from '../registry/parse-manifest.ts';
import { digestOf } from '../registry/verify-body.ts';

/** An OCI layout in a folder or archive, in which images are found by the names that they had in their registries. */
export interface OpenLayout extends AsyncDisposable {
  /** `oci:DIR`, `oci-archive:FILE` */
  readonly name: string;
  /** The sets that `mirror` has put there, the latest last. */
  readonly sets: readonly SetEntry[];
  /** By digest, else by tag; undefined where it is not there. @throws Failure `BadContent`, `DigestMismatch` */
  manifest(reference: Reference): Promise<ManifestBytes | undefined>;
  /** Bytes that no digest was checked of; undefined where it is not there. */
  blob(digest: Digest, options?: BlobOptions): Promise<Readable | undefined>;
  /** A file of its lookaside storage, by its path there: `lookaside/quay.io/ex/web@sha256=HEX/signature-1`. */
  signature(path: string): Promise<Buffer | undefined>;
}

export interface BlobOptions {
  readonly range?: ByteRange;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens `oci:DIR[:TAG]` or `oci-archive:FILE[:TAG]`.
 * @returns with TAG as it was written; its names go before those of other sets
 * @throws Failure `Usage` for a text that is neither, `NotFound`, `BadContent`
 */
export async function openLayout(text: string): Promise<OpenLayout & { readonly tag: string | undefined }> {
  const [, transport, path = '', tag] = /^(oci|oci-archive):([^:]+)(?::(.+))?$/s.exec(text) ?? [];
  if (transport === undefined)
    throw new Failure('Usage', `"${text}" is no mirrored set; give oci:DIR[:TAG] or oci-archive:FILE[:TAG]`);
  if ((await stat(path).catch(() => undefined)) === undefined)
    throw new Failure('NotFound', `${path} is not there`);
  const files = transport === 'oci' ? folderFiles(path) : await archiveFiles(path);
  try {
    return { ...(await layoutOf(`${transport}:${path}`, files, tag)), tag };
  } catch (error) {
    await files.close();
    throw error;
  }
}

async function layoutOf(name: string, files: BlobFiles, tag: string | undefined): Promise<OpenLayout> {
  const text = await files.read('index.json', defaultLimits.manifestBytes);
  const top = parseManifest(text, digestOf(text, undefined), undefined, `${name}, index.json`);
  if (top.kind === 'image') throw new Failure('BadContent', `${name}: its index.json is no index`);
  const sets = setsOf(top.index.manifests);
  const absentAsUndefined = (error: unknown): undefined => {
    if (error instanceof Failure && error.code === 'NotFound') return undefined;
    throw error;
  };
  const read = async (digest: Digest, mediaType?: string): Promise<ManifestBytes | undefined> => {
    const bytes = await files.read(blobName(digest), defaultLimits.manifestBytes).catch(absentAsUndefined);
    return bytes && manifestOf(bytes, digest, mediaType, `${name}, ${digest}`);
  };
  // Later entries give way: the chosen set, then the newest, then what has a name of its own, as skopeo writes it.
  const byName = new Map<string, Descriptor | Member>();
  const ordered = [
    ...sets.filter((set) => set.tag !== tag),
    ...sets.filter((set) => set.tag === tag),
  ].toReversed();
  for (const set of ordered) {
    const found = await read(set.setDigest);
    if (found === undefined) continue;
    for (const member of membersOf(indexOf(found, name).manifests) ?? [])
      if (!byName.has(member.name)) byName.set(member.name, member);
  }
  for (const entry of top.index.manifests) {
    const parsed = parseReference(entry.annotations[refName] ?? '');
    const own = parsed.kind === 'reference' ? storeName(parsed.reference) : '';
    if (!byName.has(own)) byName.set(own, entry);
  }
  return {
    name,
    sets,
    async manifest(reference) {
      if (reference.digest !== undefined) return read(reference.digest);
      const entry = byName.get(storeName(reference));
      return entry && read(entry.digest, entry.mediaType);
    },
    async blob(digest, options = {}) {
      const pieces = await files.stream(blobName(digest), options).catch(absentAsUndefined);
      return pieces && Readable.from(pieces, { objectMode: false });
    },
    signature: (path) => files.read(path, defaultLimits.signatureBytes).catch(absentAsUndefined),
    [Symbol.asyncDispose]: () => files.close(),
  };
}

function indexOf({ bytes, digest, mediaType }: ManifestBytes, name: string): Index {
  const parsed = parseManifest(bytes, digest, mediaType, `${name}, ${digest}`);
  if (parsed.kind === 'index') return parsed.index;
  throw new Failure('BadContent', `${name}: ${digest} is to be a set, and is an image`);
}

function manifestOf(
  bytes: Buffer,
  digest: Digest,
  mediaType: string | undefined,
  what: string,
): ManifestBytes {
  if (digestOf(bytes, digest) !== digest)
    throw new Failure('DigestMismatch', `${what}: its content has another digest; mirror it anew`);
  const parsed = parseManifest(bytes, digest, mediaType, what);
  return parsed.kind === 'image'
    ? { digest, mediaType: parsed.manifest.mediaType, bytes, layers: parsed.manifest.layers }
    : { digest, mediaType: parsed.index.mediaType, bytes, layers: [] };
}

/** The set that a layout is opened for: of TAG, or the only one. @throws Failure `NotFound` */
export function chosenSet({ sets, name, tag }: Awaited<ReturnType<typeof openLayout>>): SetEntry {
  const fitting = tag === undefined ? sets : sets.filter((set) => set.tag === tag);
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only;
  const tags = sets.map((set) => set.tag).join(', ');
  throw new Failure(
    'NotFound',
    tags === ''
      ? `${name} has no mirrored set; bound-images mirror makes one`
      : `${name}: say which OS image is meant, as ${name}:TAG; it has ${tags}`,
  );
}

/** The reference that an image of a set had. @throws Failure `BadContent` */
export function originalReference({ original }: SetEntry, name: string): Reference {
  const parsed = parseReference(original);
  if (parsed.kind === 'reference') return parsed.reference;
  throw new Failure('BadContent', `${name}: ${JSON.stringify(original.slice(0, 200))} names no image`);
}
