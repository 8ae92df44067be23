import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stampedConfig, stampedIndex, stampedManifest, type Replacement } from '../bundle/stamp-documents.ts';
import { folderFiles } from '../contents/blob-files.ts';
import type { ImageSource } from '../contents/source.ts';
import { checkDigest } from '../contents/read-range.ts';
import { Failure } from '../model/failure.ts';
import type { Descriptor, IndexEntry, Manifest, Platform } from '../model/manifest.ts';
import { digestParts, type Digest } from '../model/digest.ts';
import { parseManifest } from '../registry/parse-manifest.ts';
import { digestOf } from '../registry/verify-body.ts';
import { makeFolder } from '../system/make-folder.ts';
import { writeFileWhole } from '../system/write-file.ts';

export interface LayoutPlace {
  readonly folderPath: string;
  /** One of its images, by `org.opencontainers.image.ref.name`; not needed where it has but one. */
  readonly tag: string | undefined;
}

/** What an image binds, as the value of its stamp; `platform` where it is one of several. */
export type StampFor = (manifest: Manifest, platform: Platform | undefined) => Promise<string>;

/** Where layers are read: everything of a source but which manifest is meant. */
export type LayerSource = Omit<ImageSource, 'manifest'>;

export interface Stamped {
  /** Of the manifest or index that the tag now stands for. */
  readonly digest: Digest;
  readonly changed: boolean;
}

const indexLimitBytes = 4 * 2 ** 20;
const configLimitBytes = 8 * 2 ** 20;
const refName = 'org.opencontainers.image.ref.name';
const imageConfigs: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

/**
 * Writes a stamp into an image of an OCI layout, and into each image of an index: a new config, a new manifest, and index.json
 * last, so that a kill leaves the old image. No layer is touched, and what was there stays in its blobs.
 * @throws Failure `NotFound`, `BadContent`, `DigestMismatch`, and what `stampFor` throws
 */
export async function stampLayout({ folderPath, tag }: LayoutPlace, stampFor: StampFor): Promise<Stamped> {
  const files = folderFiles(folderPath);
  const name = `oci:${folderPath}${tag === undefined ? '' : `:${tag}`}`;

  const read = async (descriptor: Descriptor, limitBytes: number): Promise<string> => {
    const bytes = await files.read(blobName(descriptor.digest), limitBytes);
    checkDigest(bytes, descriptor.digest);
    return bytes.toString('utf8');
  };
  const write = async (text: string, like: Digest): Promise<Replacement> => {
    const bytes = Buffer.from(text);
    const digest = digestOf(bytes, like);
    await makeFolder(join(folderPath, 'blobs', digestParts(digest).algorithm));
    await writeFileWhole(join(folderPath, blobName(digest)), bytes);
    return { digest, sizeBytes: bytes.length };
  };
  const stampImage = async (manifest: Manifest, platform: Platform | undefined): Promise<Replacement> => {
    const config = await read(manifest.config, configLimitBytes);
    const stamped = stampedConfig(config, await stampFor(manifest, platform));
    const replacement = await write(stamped, manifest.config.digest);
    return write(stampedManifest(manifest.bytes.toString('utf8'), replacement), manifest.digest);
  };
  const stampAt = async (entry: IndexEntry, inIndex: boolean): Promise<Replacement | undefined> => {
    const text = await read(entry, indexLimitBytes);
    const parsed = parseManifest(
      Buffer.from(text),
      entry.digest,
      entry.mediaType,
      `${name}, ${entry.digest}`,
    );
    if (parsed.kind === 'image')
      return isImage(parsed.manifest, entry) ? stampImage(parsed.manifest, entry.platform) : undefined;
    if (inIndex) throw new Failure('BadContent', `${name}: an index leads to another index`);
    const replacements = new Map<number, Replacement>();
    for (const [at, each] of parsed.index.manifests.entries()) {
      const replacement = await stampAt(each, true);
      if (replacement !== undefined) replacements.set(at, replacement);
    }
    return replacements.size === 0 ? undefined : write(stampedIndex(text, replacements), entry.digest);
  };

  const indexPath = join(folderPath, 'index.json');
  const text = (await files.read('index.json', indexLimitBytes)).toString('utf8');
  const layout = parseManifest(
    Buffer.from(text),
    digestOf(Buffer.from(text), undefined),
    undefined,
    indexPath,
  );
  if (layout.kind === 'image') throw new Failure('BadContent', `${indexPath} is no index`);
  const { at, entry } = chosen(layout.index.manifests, tag, name);
  const replacement = await stampAt(entry, false);
  if (replacement === undefined)
    throw new Failure('BadContent', `${name} is no image: there is no config that a label could be in`);
  const changed = replacement.digest !== entry.digest;
  if (changed) {
    if ((await readFile(indexPath, 'utf8')) !== text)
      throw new Failure('Transient', `${indexPath} was changed meanwhile; stamp it again`);
    await writeFileWhole(indexPath, stampedIndex(text, new Map([[at, replacement]])));
  }
  return { digest: replacement.digest, changed };
}

/** Not an attestation, a signature or another artifact, of which an index may have some. */
function isImage({ config }: Manifest, { platform, annotations }: IndexEntry): boolean {
  const isAttestation = platform?.os === 'unknown' || 'vnd.docker.reference.type' in annotations;
  return imageConfigs.has(config.mediaType) && !isAttestation;
}

function chosen(
  entries: readonly IndexEntry[],
  tag: string | undefined,
  name: string,
): { at: number; entry: IndexEntry } {
  const fitting = [...entries.entries()].filter(
    ([, { annotations }]) => tag === undefined || annotations[refName] === tag,
  );
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return { at: only[0], entry: only[1] };
  const tags = entries.flatMap(({ annotations }) => annotations[refName] ?? []).slice(0, 20);
  const remedy = tags.length === 0 ? '' : `; it has ${tags.join(', ')}`;
  throw new Failure('NotFound', `${name}: ${fitting.length} images are meant by that, not one${remedy}`);
}

function blobName(digest: Digest): string {
  const { algorithm, hex } = digestParts(digest);
  return `blobs/${algorithm}/${hex}`;
}
