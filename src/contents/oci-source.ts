import { createHash } from 'node:crypto';
import { asDigest, digestParts, type Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Descriptor, IndexEntry, Manifest } from '../model/manifest.ts';
import { archiveFiles, folderFiles, type BlobFiles } from './blob-files.ts';
import { checkDigest } from './read-range.ts';
import type { ImageSource, ManifestRules } from './source.ts';

/** As the registry client's. */
const manifestLimitBytes = 4 * 2 ** 20;
const tagAnnotation = 'org.opencontainers.image.ref.name';

/** `oci:FOLDER[:TAG]` (containers-transports(5)); `text` is what follows `oci:`. */
export async function openOciLayout(text: string, rules: ManifestRules): Promise<ImageSource> {
  const { path, tag } = pathAndTag(text);
  return ociSource(`oci:${text}`, folderFiles(path), tag, rules);
}

/** `oci-archive:FILE[:TAG]`: the same in a tar, which is not unpacked. @throws Failure `NotFound`, `BadContent` */
export async function openOciArchive(text: string, rules: ManifestRules): Promise<ImageSource> {
  const { path, tag } = pathAndTag(text);
  return ociSource(`oci-archive:${text}`, await archiveFiles(path), tag, rules);
}

/** As containers/image splits it: no path has a colon. */
function pathAndTag(text: string): { path: string; tag: string | undefined } {
  const colon = text.indexOf(':');
  return colon < 0
    ? { path: text, tag: undefined }
    : { path: text.slice(0, colon), tag: text.slice(colon + 1) || undefined };
}

function ociSource(
  name: string,
  files: BlobFiles,
  tag: string | undefined,
  rules: ManifestRules,
): ImageSource {
  const parsed = (bytes: Buffer, digest: Digest, mediaType?: string): ReturnType<ManifestRules['parse']> =>
    rules.parse(bytes, digest, mediaType, `${name}, ${digest}`);
  const manifestOf = async ({
    digest,
    mediaType,
  }: Descriptor): Promise<ReturnType<ManifestRules['parse']>> => {
    const bytes = await files.read(blobName(digest), manifestLimitBytes);
    checkDigest(bytes, digest);
    return parsed(bytes, digest, mediaType);
  };
  const manifest = async (): Promise<Manifest> => {
    const bytes = await files.read('index.json', manifestLimitBytes);
    const layout = parsed(bytes, sha256(bytes));
    if (layout.kind === 'image') throw new Failure('BadContent', `${name}: its index.json is no index`);
    const found = await manifestOf(chosen(layout.index.manifests, tag, name));
    if (found.kind === 'image') return found.manifest;
    const best = await manifestOf(rules.choose(found.index, rules.platform, name));
    if (best.kind === 'index') throw new Failure('BadContent', `${name}: an index leads to another index`);
    return { ...best.manifest, indexDigest: found.index.digest };
  };
  return {
    name,
    supportsRanges: true,
    manifest,
    blob: ({ digest }, options) => files.stream(blobName(digest), options),
    close: () => files.close(),
  };
}

function chosen(entries: readonly IndexEntry[], tag: string | undefined, name: string): IndexEntry {
  const fitting =
    tag === undefined ? entries : entries.filter(({ annotations }) => annotations[tagAnnotation] === tag);
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only;
  const tags = entries.flatMap(({ annotations }) => annotations[tagAnnotation] ?? []).slice(0, 20);
  const remedy = tags.length === 0 ? '' : `; it has ${tags.join(', ')}`;
  throw new Failure('NotFound', `${name}: ${fitting.length} images are meant by that, not one${remedy}`);
}

function blobName(digest: Digest): string {
  const { algorithm, hex } = digestParts(digest);
  return `blobs/${algorithm}/${hex}`;
}

function sha256(bytes: Buffer): Digest {
  const digest = asDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  if (digest === undefined) throw new Failure('Internal', 'node:crypto gave no sha256');
  return digest;
}
