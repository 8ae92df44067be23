import { access as canAccess, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readContents } from '../contents/read-contents.ts';
import { readBoundSet } from '../definitions/read-bound-set.ts';
import type { BoundSet } from '../model/definition.ts';
import type { ImageConfig, Manifest } from '../model/manifest.ts';
import type { Access } from './access.ts';
import { openOsImage } from './open-os-image.ts';

/** What an OS image says of itself and of what it binds. */
export interface OsImage {
  readonly name: string;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly boundSet: BoundSet;
}

/**
 * Learns what an OS image binds without pulling it; a layer that was read before is remembered, and not asked for again.
 * @throws Failure of the image's source, `BadContent`, `DigestMismatch`, `Cancelled`
 */
export async function readOsImage(text: string, access: Access, signal: AbortSignal): Promise<OsImage> {
  const source = await openOsImage(text, access, { signal });
  try {
    const manifest = await source.manifest(signal);
    const config = await source.config(signal);
    const tree = await readContents(source, { cacheFolder: await layerCache(), signal });
    return { name: source.name, manifest, config, boundSet: await readBoundSet(tree) };
  } finally {
    await source.close();
  }
}

/** What layers say is kept for the next time: the host's cache, or a user's own. */
export async function layerCache(): Promise<string> {
  try {
    await canAccess('/var/cache', constants.W_OK);
    return '/var/cache/bound-images/layers';
  } catch {
    return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'bound-images/layers');
  }
}
