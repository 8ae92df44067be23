import { createHash } from 'node:crypto';
import type { ContentPlace, ImageTree } from '../bundle/image-tree.ts';
import { aboutLayer, layerEntries } from '../contents/layer-entries.ts';
import { layerPath } from '../contents/layer-paths.ts';
import { defaultLimits } from '../contents/limits.ts';
import type { ImageSource } from '../contents/source.ts';
import { digestParts } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Descriptor, Manifest } from '../model/manifest.ts';

/** What a layer is: a tar of files, one file of an artifact, or neither. */
export type LayerRole =
  { readonly kind: 'tar' } | { readonly kind: 'file'; readonly title: string } | { readonly kind: 'unknown' };

const title = 'org.opencontainers.image.title';
/** ORAS packs a folder as a tar, and its title is the folder's name. */
const unpack = 'io.deis.oras.content.unpack';
const tarTypes = /^application\/vnd\.(?:oci\.image\.layer\..*tar|docker\.image\.rootfs\..*tar)/;
const imageConfig = /^application\/vnd\.(?:oci\.image\.config\.v1|docker\.container\.image\.v1)\+json$/;

/** In an artifact a title says more than the media type: ORAS gives files the type of a layer. In an image the type does. */
export function layerRole({ config }: Manifest, { mediaType, annotations }: Descriptor): LayerRole {
  const isTar = tarTypes.test(mediaType);
  const name = annotations[title];
  if (name === undefined || (isTar && imageConfig.test(config.mediaType)))
    return { kind: isTar ? 'tar' : 'unknown' };
  return annotations[unpack] === 'true' ? { kind: 'tar' } : { kind: 'file', title: name };
}

/**
 * Adds a layer's entries to the tree.
 * @throws Failure `DigestMismatch`, `BadContent`, `Cancelled`
 */
export async function indexLayer(
  tree: ImageTree,
  source: ImageSource,
  layer: Descriptor,
  at: number,
  role: LayerRole,
  signal: AbortSignal,
): Promise<void> {
  if (role.kind === 'unknown') return;
  try {
    if (role.kind === 'file') {
      const path = layerPath(role.title);
      const { sizeBytes } = layer;
      tree.add({
        kind: 'file',
        path,
        layer: at,
        entry: 0,
        mode: 0o644,
        sizeBytes,
        sparse: false,
        target: '',
      });
      return;
    }
    let number = 0;
    const blob = await source.blob(layer, { signal });
    for await (const entry of layerEntries(blob, layer, { limits: defaultLimits, signal })) {
      const { kind, mode, sizeBytes, sparse, linkName } = entry;
      const target = kind === 'hardlink' ? layerPath(linkName) : linkName;
      tree.add({
        kind,
        path: layerPath(entry.name),
        layer: at,
        entry: number,
        mode,
        sizeBytes,
        sparse,
        target,
      });
      number += 1;
    }
  } catch (error) {
    throw aboutLayer(error, layer.digest);
  }
}

/**
 * Gives the wanted contents of a layer to `stage`, and reads it to its end: only then are they what its digest says.
 * @throws Failure `DigestMismatch`, `BadContent`, `Cancelled`, and what `stage` throws
 */
export async function stageLayer(
  source: ImageSource,
  layer: Descriptor,
  role: LayerRole,
  wanted: readonly ContentPlace[],
  stage: (content: ContentPlace, pieces: AsyncIterable<Uint8Array>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const blob = await source.blob(layer, { signal });
  const byNumber = new Map(wanted.map((content) => [content.entry, content]));
  const [first] = wanted;
  if (role.kind === 'file' && first !== undefined) return stage(first, checked(blob, layer, signal));
  let number = 0;
  for await (const entry of layerEntries(blob, layer, { limits: defaultLimits, signal })) {
    const content = byNumber.get(number);
    if (content !== undefined) await stage(content, entry.pieces());
    number += 1;
  }
}

async function* checked(
  blob: AsyncIterable<Uint8Array>,
  { digest, sizeBytes }: Descriptor,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { algorithm, hex } = digestParts(digest);
  const running = createHash(algorithm);
  let doneBytes = 0;
  for await (const piece of blob) {
    if (signal.aborted) throw new Failure('Cancelled', 'reading the image was cancelled');
    doneBytes += piece.length;
    if (doneBytes > sizeBytes) break;
    running.update(piece);
    yield piece;
  }
  if (doneBytes !== sizeBytes || running.digest('hex') !== hex)
    throw aboutLayer(
      new Failure('DigestMismatch', 'its bytes do not have the digest that the manifest says'),
      digest,
    );
}
