import { join } from 'node:path';
import { createImageTree, type ContentPlace } from '../bundle/image-tree.ts';
import { openPlacement } from '../bundle/place-files.ts';
import { selectPaths } from '../bundle/select-paths.ts';
import type { ImageSource } from '../contents/source.ts';
import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Platform } from '../model/manifest.ts';
import { freeSpace } from '../system/free-space.ts';
import type { Access } from '../prefetch/access.ts';
import { findChecksumFiles, verifyChecksums } from '../prefetch/check-sums.ts';
import { indexLayer, layerRole, stageLayer } from './layer-files.ts';
import { openOsImage } from '../prefetch/open-os-image.ts';
import { spooled } from './spool-layers.ts';

export interface ExtractRequest {
  readonly image: string;
  /** Inside the image; `/` is all of it. */
  readonly paths: readonly string[];
  readonly folder: string;
  readonly platform: Platform;
}

export interface ExtractResult {
  /** Of the manifest they are from. */
  readonly digest: Digest;
  readonly fileCount: number;
  readonly linkCount: number;
  readonly sizeBytes: number;
  /** How many of the files a SHA256SUM of the image names. */
  readonly verifiedCount: number;
  /** What was left out or is odd, for a person. */
  readonly notes: readonly string[];
}

/**
 * Writes files out of an image into a folder. Layers are read twice, those of a registry from a copy in that folder: first what
 * is where, and then what is wanted; nothing has its name there before all of it is checked.
 * @throws Failure `Usage`, `NotFound`, `DigestMismatch`, `BadContent`, `NoSpace`, `Cancelled`, and those of the image's source
 */
export async function extractImage(
  { image, paths, folder, platform }: ExtractRequest,
  access: Access,
  signal: AbortSignal,
): Promise<ExtractResult> {
  const opened = await openOsImage(image, access, { platform, signal });
  try {
    const manifest = await opened.manifest(signal);
    await using placement = await openPlacement(folder);
    const isLocal = /^(?:oci|oci-archive|containers-storage):/.test(image);
    const source: ImageSource = isLocal ? opened : spooled(opened, join(placement.asidePath, 'layers'));
    const layers = manifest.layers.map((layer, at) => ({ layer, at, role: layerRole(manifest, layer) }));
    const tars = layers.filter(({ role }) => role.kind === 'tar');
    const spoolBytes = isLocal ? 0 : tars.reduce((total, { layer }) => total + layer.sizeBytes, 0);
    await checkSpace(folder, spoolBytes);

    const tree = createImageTree();
    for (const { layer, at, role } of layers) await indexLayer(tree, source, layer, at, role, signal);
    const selection = selectPaths(tree.root, paths);
    await placement.check(selection);
    const checksumFiles = findChecksumFiles(tree.root, selection);
    const contents = new Map<string, ContentPlace>();
    for (const { content } of [...selection.files.values(), ...checksumFiles.values()])
      contents.set(`${content.layer}-${content.entry}`, content);
    const sizes = new Map(
      [...selection.files.values()].map(({ content, sizeBytes }) => [
        `${content.layer}-${content.entry}`,
        sizeBytes,
      ]),
    );
    const sizeBytes = [...sizes.values()].reduce((total, each) => total + each, 0);
    await checkSpace(folder, sizeBytes);

    const stage: typeof placement.stage = (...what) => placement.stage(...what);
    for (const { layer, at, role } of layers) {
      const wanted = [...contents.values()].filter((content) => content.layer === at);
      if (wanted.length > 0) await stageLayer(source, layer, role, wanted, stage, signal);
    }
    const { verifiedCount, notes } = await verifyChecksums(tree.root, selection, checksumFiles, placement);
    signal.throwIfAborted();
    await placement.place(selection);
    return {
      digest: manifest.digest,
      fileCount: selection.files.size,
      linkCount: selection.links.size,
      sizeBytes,
      verifiedCount,
      notes: [
        ...layers
          .filter(({ role }) => role.kind === 'unknown')
          .map(({ layer }) => `layer ${layer.digest} is left out: it is no tar, and has no title`),
        ...[...selection.leftOut].map(([path, reason]) => `/${path} is left out: ${reason}`),
        ...notes,
      ],
    };
  } finally {
    await opened.close();
  }
}

async function checkSpace(folder: string, neededBytes: number): Promise<void> {
  const { path, freeBytes } = await freeSpace(folder);
  if (freeBytes < neededBytes)
    throw new Failure(
      'NoSpace',
      `the file system of ${path} has ${freeBytes} bytes free and ${neededBytes} are needed: free some, or name another folder`,
    );
}
