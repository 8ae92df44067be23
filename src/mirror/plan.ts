import pLimit from 'p-limit';
import type { Role } from '../bundle/layout-index.ts';
import { lookasideName } from '../bundle/layout-blobs.ts';
import { plainDomain } from '../bundle/mirror-names.ts';
import type { PullOptions } from '../model/definition.ts';
import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Descriptor, IndexEntry, Manifest } from '../model/manifest.ts';
import { type Reference, storeName } from '../model/reference.ts';
import type { ManifestBytes } from '../registry/manifest-at.ts';
import { parseManifest } from '../registry/parse-manifest.ts';
import type { MirrorSource } from './source.ts';

/** An image of a set, or what is attached to one: all of it but the bytes of its blobs. */
export interface Collected {
  readonly role: Role;
  /** As it is found by: `quay.io/ex/web:1`. */
  readonly name: string;
  /** As it was asked for. */
  readonly reference: Reference;
  readonly pull: PullOptions;
  /** What its name stands for: an index where it is one. */
  readonly top: ManifestBytes;
  /** `top`, and what an index leads to, as far as that was asked for. */
  readonly manifests: readonly ManifestBytes[];
  /** Those of them that have layers, with the entry of the index that led there. */
  readonly images: readonly { readonly manifest: Manifest; readonly entry?: IndexEntry }[];
  /** Configs and layers, each once. */
  readonly blobs: readonly Descriptor[];
  /** Of lookaside storages, by their path in a layout. */
  readonly signatures: ReadonlyMap<string, Buffer>;
}

export interface CollectOptions {
  /** In Go's words, `arm64` or `arm/v7`; none is all. */
  readonly architectures: readonly string[];
  readonly signal: AbortSignal;
}

const asksAtOnce = 6;
const limitSignatures = 100;
/** What cosign, and skopeo, attach to a digest as tags beside it. */
const attachments = ['.sig', '.att', '.sbom'];
/** Names the image that an attestation in the same index is about (BuildKit, "Attestation Storage"). */
const attested = 'vnd.docker.reference.digest';

/**
 * Asks for an image's manifests, and for all that is attached to any of them.
 * @param digest what the reference stands for, where that is known; else its registry is asked
 * @returns the image first
 * @throws Failure of the source, `NotFound` where it has none of the architectures
 */
export async function collectImage(
  role: 'os' | 'bound',
  reference: Reference,
  pull: PullOptions,
  source: MirrorSource,
  options: CollectOptions,
  digest: Digest | undefined = reference.digest,
): Promise<Collected[]> {
  const asked = digest === undefined ? reference : { ...reference, digest };
  const top = await source.manifest(asked, pull, options.signal);
  const name = storeName(reference);
  // Signatures, too, are of what the tag means now, though it may move meanwhile.
  const pinned: Reference = { ...reference, digest: top.digest };
  const image = await collect({ role, name, reference, pull }, top, pinned, source, options);
  const digests = image.manifests.map(({ digest }) => digest);
  const limit = pLimit(asksAtOnce);
  const found = await Promise.all(
    digests.map((digest) => limit(() => attachedTo(digest, pinned, pull, source, options))),
  );
  const signatures = new Map<string, Buffer>();
  for (const digest of digests)
    for (const [path, bytes] of await lookasideOf(digest, reference, source, options.signal))
      signatures.set(path, bytes);
  return [{ ...image, signatures }, ...found.flat()];
}

async function collect(
  what: Pick<Collected, 'role' | 'name' | 'reference' | 'pull'>,
  top: ManifestBytes,
  pinned: Reference,
  source: MirrorSource,
  { architectures, signal }: CollectOptions,
): Promise<Collected> {
  const parsed = parseManifest(top.bytes, top.digest, top.mediaType, what.name);
  const entries = parsed.kind === 'index' ? chosen(parsed.index.manifests, architectures, what.name) : [];
  const below: { raw: ManifestBytes; manifest: Manifest; entry: IndexEntry }[] = [];
  for (const entry of entries) {
    const raw = await source.manifest({ ...pinned, digest: entry.digest }, what.pull, signal);
    const child = parseManifest(raw.bytes, raw.digest, raw.mediaType, `${what.name}, ${entry.digest}`);
    if (child.kind === 'index')
      throw new Failure('BadContent', `${what.name}: an index leads to another index`);
    below.push({ raw, manifest: child.manifest, entry });
  }
  const images = parsed.kind === 'image' ? [{ manifest: parsed.manifest }] : below;
  const blobs = new Map(
    images
      .flatMap(({ manifest }) => [manifest.config, ...manifest.layers])
      .map((blob) => [blob.digest, blob] as const),
  );
  return {
    ...what,
    top,
    manifests: [top, ...below.map(({ raw }) => raw)],
    images: images.map(({ manifest, ...rest }) =>
      'entry' in rest ? { manifest, entry: rest.entry } : { manifest },
    ),
    blobs: [...blobs.values()],
    signatures: new Map(),
  };
}

/** The images for the architectures, and their attestations. @throws Failure `NotFound` */
function chosen(
  entries: readonly IndexEntry[],
  architectures: readonly string[],
  name: string,
): readonly IndexEntry[] {
  if (architectures.length === 0) return entries;
  const fitting = entries.filter(({ platform }) =>
    architectures.some((text) => {
      const [architecture, variant] = text.split('/');
      return (
        platform?.architecture === architecture && (variant === undefined || platform?.variant === variant)
      );
    }),
  );
  if (fitting.length === 0) {
    const there = new Set(entries.flatMap(({ platform }) => platform?.architecture ?? []));
    throw new Failure(
      'NotFound',
      `${name}: there is no image for ${architectures.join(', ')}, only for ${[...there].join(', ')}`,
    );
  }
  const digests = new Set<string | undefined>(fitting.map(({ digest }) => digest));
  return entries.filter(
    (entry) => digests.has(entry.digest) || digests.has(entry.annotations[attested] ?? 'none'),
  );
}

async function attachedTo(
  digest: Digest,
  pinned: Reference,
  pull: PullOptions,
  source: MirrorSource,
  options: CollectOptions,
): Promise<Collected[]> {
  const { domain, path } = pinned;
  const base = digest.replace(':', '-');
  const all: CollectOptions = { ...options, architectures: [] };
  const found: Collected[] = [];
  const add = async (tag: string, top: ManifestBytes | undefined): Promise<void> => {
    if (top === undefined) return;
    const name = `${domain}/${path}:${tag}`;
    const reference: Reference = { text: name, domain, path, tag };
    const role = 'signature';
    found.push(await collect({ role, name, reference, pull }, top, reference, source, all));
  };
  const byTag = (tag: string): Promise<ManifestBytes | undefined> =>
    source
      .manifest({ text: `${domain}/${path}:${tag}`, domain, path, tag }, pull, options.signal)
      .catch(absent);
  for (const suffix of attachments) await add(`${base}${suffix}`, await byTag(`${base}${suffix}`));
  // Kept under the tag that a registry without the list has it under (OCI distribution-spec, "Referrers Tag Schema").
  const listed = await source.referrers(pinned, digest, pull, options.signal);
  const isEmpty =
    listed === undefined ||
    (JSON.parse(listed.bytes.toString('utf8')) as { manifests?: unknown[] | null }).manifests?.length === 0;
  await add(base, isEmpty ? await byTag(base) : listed);
  return found;
}

function absent(error: unknown): undefined {
  if (error instanceof Failure && error.code === 'NotFound') return undefined;
  throw error;
}

async function lookasideOf(
  digest: Digest,
  reference: Reference,
  source: MirrorSource,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (let count = 1; count <= limitSignatures; count += 1) {
    const bytes = await source.signature(reference, digest, count, signal);
    if (bytes === undefined) break;
    const repository = `${plainDomain(reference.domain)}/${reference.path}`;
    found.set(lookasideName(repository, digest, count), bytes);
  }
  return found;
}
