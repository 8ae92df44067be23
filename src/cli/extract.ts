import { resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { hostPlatform, openAccess } from '../prefetch/access.ts';
import { extractImage } from '../stamp/extract-image.ts';
import type { ExitStatus } from '../model/failure.ts';
import { formatBytes } from './bytes.ts';
import { print, printJson, say } from './print.ts';

export interface ExtractOptions {
  readonly to: string;
  readonly arch?: string;
  readonly os: string;
  readonly authfile?: string;
  readonly json?: boolean;
}

/** `bound-images extract`: files out of an image. */
export async function extract(
  image: string,
  paths: readonly string[],
  { to, arch, os, authfile, json }: ExtractOptions,
  signal: AbortSignal,
): Promise<ExitStatus> {
  // Layers pass through in buffers outside of the heap, which do not make a collection due. The young generation, which they are
  // collected with, is not to grow: it is then collected often. A layer of 1 GiB takes 110 MiB like this instead of 180.
  setFlagsFromString('--semi-space-growth-factor=1');
  await using access = openAccess('/', authfile === undefined ? undefined : resolve(authfile));
  const host = hostPlatform();
  // The host's variant says nothing of another architecture.
  const platform = arch === undefined ? { ...host, os } : { os, architecture: arch };
  const result = await extractImage({ image, paths, folder: to, platform }, access, signal);
  const { digest, fileCount, linkCount, sizeBytes, verifiedCount, notes } = result;
  for (const note of notes) say(note);
  if (json === true)
    printJson({
      image,
      digest,
      folder: resolve(to),
      files: fileCount,
      links: linkCount,
      bytes: sizeBytes,
      verifiedBySha256sum: verifiedCount,
      notes,
    });
  else {
    const sums = verifiedCount === 0 ? '' : `, ${verifiedCount} checked against SHA256SUM`;
    print([`${to}: ${fileCount} files and ${linkCount} links, ${formatBytes(sizeBytes)}${sums}`]);
  }
  return 0;
}
