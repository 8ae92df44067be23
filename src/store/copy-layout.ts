import { createHash, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestParts } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { StoredLayer } from '../model/inventory.ts';
import { makeFolder } from '../system/make-folder.ts';
import { runProgram } from '../system/run-program.ts';
import { classifySkopeo } from './classify-skopeo.ts';
import { type StorePlace, storeReference } from './store-reference.ts';

export interface LayoutBlob {
  readonly digest: Digest;
  readonly bytes: Buffer;
}

export interface Layout {
  /** What the layout stands for: a manifest, or an index. */
  readonly top: LayoutBlob & { readonly mediaType: string };
  readonly others: readonly LayoutBlob[];
  /** The platform to take from an index. */
  readonly platform: { readonly architecture?: string; readonly os?: string; readonly variant?: string };
}

export function layoutBlob(content: string | Buffer): LayoutBlob {
  const bytes = Buffer.from(content);
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest, bytes };
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** An image of a store's own layers, or of none; another each time, since one that is there already could have names of its own. */
export function layoutOfLayers(layers: readonly StoredLayer[]): Layout {
  const rootfs = { type: 'layers', diff_ids: layers.map(({ diffDigest }) => diffDigest) };
  const config = layoutBlob(JSON.stringify({ author: randomUUID(), os: 'linux', rootfs }));
  const manifest = layoutBlob(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: configType, digest: config.digest, size: config.bytes.length },
      layers: layers.map(({ blobDigest, blobSizeBytes = 0 }) => ({
        mediaType: layerType,
        digest: blobDigest,
        size: blobSizeBytes,
      })),
    }),
  );
  return { top: { ...manifest, mediaType: manifestType }, others: [config], platform: {} };
}

/**
 * Gives a store an image whose layers it has, without their blobs: skopeo finds them in the store by their digests and reads none.
 * No policy is asked, as nothing comes from anywhere: only what this store has already, or an image of nothing, may be written so.
 * @param folder an empty folder, which is left with the layout
 * @throws Failure of skopeo's reasons, and those of `runProgram`
 */
export async function copyLayout(
  place: StorePlace,
  { top, others, platform }: Layout,
  folder: string,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const { digest, bytes } of [top, ...others]) {
    const { algorithm, hex } = digestParts(digest);
    await makeFolder(join(folder, 'blobs', algorithm));
    await writeFile(join(folder, 'blobs', algorithm, hex), bytes);
  }
  const { digest, mediaType, bytes } = top;
  const entry = { mediaType, digest, size: bytes.length };
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  const overrides = [
    ['arch', platform.architecture],
    ['os', platform.os],
    ['variant', platform.variant],
  ].flatMap(([key, value]) => (value === undefined || value === '' ? [] : [`--override-${key}=${value}`]));
  const argv = ['--insecure-policy', ...overrides, 'copy', '--quiet', '--', `oci:${folder}`];
  const { exitCode, stderr } = await runProgram(
    'skopeo',
    [...argv, `${await storeReference(place)}${name}`],
    { signal },
  );
  if (exitCode === 0) return;
  const { code, text } = classifySkopeo(stderr);
  throw new Failure(code, `${name} in ${place.storePath}: ${text}`);
}
