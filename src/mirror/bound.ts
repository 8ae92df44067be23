import { blobName } from '../bundle/layout-blobs.ts';
import { parseStamp, stampLabel } from '../bundle/stamp-text.ts';
import { folderFiles } from '../contents/blob-files.ts';
import { readContents } from '../contents/read-contents.ts';
import type { ImageSource } from '../contents/source.ts';
import { readBoundSet } from '../definitions/read-bound-set.ts';
import type { BoundSet, Definition } from '../model/definition.ts';
import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Problem } from '../model/problem.ts';
import { defaultLimits } from '../registry/limits.ts';
import { parseConfig } from '../registry/parse-config.ts';
import { digestOf } from '../registry/verify-body.ts';
import type { Collected } from './plan.ts';
import type { MirrorSource } from './source.ts';
import { layerCache } from '../prefetch/read-os-image.ts';

const imageConfigs: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

/**
 * What an OS image binds, on any of the architectures that are mirrored: by its stamp, else by its layers.
 * @param blob reads one of its blobs, from the copy where it is there already
 * @throws Failure `BadContent`, `DigestMismatch`, `Cancelled`, and what `blob` throws
 */
async function boundByAll(os: Collected, blob: ImageSource['blob'], signal: AbortSignal): Promise<BoundSet> {
  const definitions = new Map<string, Definition>();
  const problems = new Map<string, Problem>();
  for (const { manifest, entry } of os.images) {
    // Not of attestations, nor of other artifacts that an index may have.
    if (!imageConfigs.has(manifest.config.mediaType) || entry?.platform?.os === 'unknown') continue;
    const bound = await boundByOne(os.name, manifest, blob, signal);
    for (const each of bound.definitions) definitions.set(JSON.stringify(each), each);
    for (const each of bound.problems) problems.set(JSON.stringify(each), each);
  }
  return { definitions: [...definitions.values()], problems: [...problems.values()] };
}

async function boundByOne(
  name: string,
  manifest: Manifest,
  blob: ImageSource['blob'],
  signal: AbortSignal,
): Promise<BoundSet> {
  const source: ImageSource = {
    name,
    supportsRanges: true,
    manifest: async () => manifest,
    blob,
    close: async () => undefined,
  };
  const { labels } = parseConfig(await readConfig(manifest, blob, signal), `${name}, config`);
  const stamped = parseStamp(labels[stampLabel] ?? '');
  if (stamped !== undefined) return stamped;
  return readBoundSet(await readContents(source, { cacheFolder: layerCache(), signal }));
}

async function readConfig(
  { config }: Manifest,
  blob: ImageSource['blob'],
  signal: AbortSignal,
): Promise<Buffer> {
  if (config.sizeBytes > defaultLimits.configBytes)
    throw new Failure(
      'BadContent',
      `config ${config.digest} is larger than ${defaultLimits.configBytes} bytes`,
    );
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of await blob(config, { signal })) {
    sizeBytes += piece.length;
    if (sizeBytes > config.sizeBytes) break;
    pieces.push(piece);
  }
  const bytes = Buffer.concat(pieces);
  const found: Digest = digestOf(bytes, config.digest);
  if (sizeBytes === config.sizeBytes && found === config.digest) return bytes;
  throw new Failure('DigestMismatch', `config ${config.digest}: its content has another digest`);
}

/** What an OS image binds; of its blobs, those that the copy has are read there. @throws Failure as `boundByAll`, and the source's */
export async function readBound(
  os: Collected,
  layoutPath: string,
  source: MirrorSource,
  signal: AbortSignal,
): Promise<BoundSet> {
  const files = folderFiles(layoutPath);
  return boundByAll(
    os,
    async (descriptor, options = {}) => {
      try {
        return await files.stream(blobName(descriptor.digest), options);
      } catch {
        return source.blob(os.reference, descriptor, os.pull, options);
      }
    },
    signal,
  );
}
