import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asDigest, digestParts } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import { lastLine, runProgram } from '../system/run-program.ts';
import { folderFiles } from './blob-files.ts';
import type { ImageSource, ManifestRules } from './source.ts';

const manifestLimitBytes = 4 * 2 ** 20;

export interface StoredSourceOptions {
  /** On a disk with room for the whole image, uncompressed: not a tmpfs. */
  readonly temporaryFolder: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * `containers-storage:[SPECIFIER]NAME`; `text` is what follows the first colon. skopeo writes the image as a folder of
 * uncompressed layers: it knows every driver, the layers kept as composefs, and the store's locks.
 * @throws Failure `NotFound`, `ProgramMissing`, `Cancelled`
 */
export async function openStoredImage(
  text: string,
  rules: ManifestRules,
  { temporaryFolder, signal }: StoredSourceOptions,
): Promise<ImageSource> {
  const name = `containers-storage:${text}`;
  const folder = await mkdtemp(join(temporaryFolder, 'bound-images-'));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const argv = ['copy', '--quiet', name, `dir:${folder}`];
    const { exitCode, stderr } = await runProgram('skopeo', argv, { signal });
    if (exitCode !== 0) throw new Failure('NotFound', `${name} cannot be read: ${lastLine(stderr)}`);
  } catch (error) {
    await close();
    throw error;
  }
  const files = folderFiles(folder);
  return {
    name,
    supportsRanges: true,
    async manifest() {
      const bytes = await files.read('manifest.json', manifestLimitBytes);
      const digest = asDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
      if (digest === undefined) throw new Failure('Internal', 'node:crypto gave no sha256');
      const parsed = rules.parse(bytes, digest, undefined, name);
      if (parsed.kind === 'index') throw new Failure('BadContent', `${name}: skopeo wrote an index`);
      return parsed.manifest;
    },
    blob: ({ digest }, options) => files.stream(digestParts(digest).hex, options),
    close,
  };
}
