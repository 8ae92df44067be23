import { join } from 'node:path';
import { parseStamp, stampLabel } from '../bundle/stamp-text.ts';
import { readContents } from '../contents/read-contents.ts';
import { readBoundSet } from '../definitions/read-bound-set.ts';
import type { BoundSet } from '../model/definition.ts';
import type { ImageConfig, Manifest } from '../model/manifest.ts';
import type { Access } from './access.ts';
import { cacheFolder } from './cache-folder.ts';
import { openOsImage } from './open-os-image.ts';

/** What an OS image says of itself and of what it binds. */
export interface OsImage {
  readonly name: string;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly boundSet: BoundSet;
  /** A stamp is the image author's word; what is staged is read from its files. */
  readonly learntFrom: 'stamp' | 'layers';
}

/**
 * Learns what an OS image binds without pulling it: from its stamp, else from its layers, each of which is remembered and never asked
 * for again.
 * @throws Failure of the image's source, `BadContent`, `DigestMismatch`, `Cancelled`
 */
export async function readOsImage(text: string, access: Access, signal: AbortSignal): Promise<OsImage> {
  const source = await openOsImage(text, access, { signal });
  try {
    const manifest = await source.manifest(signal);
    const config = await source.config(signal);
    const image = { name: source.name, manifest, config };
    const stamped = parseStamp(config.labels[stampLabel] ?? '');
    if (stamped !== undefined) return { ...image, boundSet: stamped, learntFrom: 'stamp' };
    const tree = await readContents(source, { cacheFolder: layerCache(), signal });
    return { ...image, boundSet: await readBoundSet(tree), learntFrom: 'layers' };
  } finally {
    await source.close();
  }
}

/** What layers say is kept for the next time. */
export function layerCache(): string {
  return join(cacheFolder(), 'layers');
}
