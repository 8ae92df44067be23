import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Digest } from '../model/digest.ts';
import { writeFileWhole } from '../system/write-file.ts';
import { readSummary, writeSummary, type LayerSummary } from './layer-summary.ts';

/** All that is remembered together; what was not used for longest goes first. */
const folderLimitBytes = 256 * 2 ** 20;
const fileLimitBytes = 64 * 2 ** 20;
const ending = '.json.gz';

/**
 * What is remembered of a layer; undefined where that is nothing, or damaged (gzip's checksum), or of another version.
 * @param toc the digest of the table of contents it was read by: whoever names a table in a manifest can describe
 *   somebody else's layer with it, so it never stands for the layer as such.
 */
export async function recallLayer(
  folder: string,
  layer: Digest,
  toc?: Digest,
): Promise<LayerSummary | undefined> {
  const path = join(folder, fileName(layer, toc));
  try {
    if ((await stat(path)).size > fileLimitBytes) return undefined;
    const json = await promisify(gunzip)(await readFile(path), { maxOutputLength: 4 * fileLimitBytes });
    const summary = readSummary(json.toString('utf8'));
    const now = new Date();
    if (summary !== undefined) await utimes(path, now, now).catch(() => undefined);
    return summary;
  } catch {
    // Whatever it is, the layer itself says it again.
    return undefined;
  }
}

export async function rememberLayer(
  folder: string,
  layer: Digest,
  toc: Digest | undefined,
  summary: LayerSummary,
): Promise<void> {
  await writeFileWhole(join(folder, fileName(layer, toc)), await promisify(gzip)(writeSummary(summary)));
}

/** Removes what was not used for longest, down to the limit, and what a kill left half written. */
export async function forgetOldLayers(folder: string, limitBytes = folderLimitBytes): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const files: { path: string; size: number; mtimeMs: number }[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile()) files.push({ path, size: found.size, mtimeMs: found.mtimeMs });
  }
  let bytes = 0;
  for (const { path, size } of files.sort((a, b) => b.mtimeMs - a.mtimeMs)) {
    bytes += size;
    if (bytes > limitBytes) await rm(path, { force: true });
  }
}

function fileName(layer: Digest, toc: Digest | undefined): string {
  const parts = toc === undefined ? [layer] : [layer, toc];
  return `${parts.join('+').replaceAll(':', '-')}${ending}`;
}
