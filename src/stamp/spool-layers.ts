import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { folderFiles } from '../contents/blob-files.ts';
import type { ImageSource } from '../contents/source.ts';
import { digestParts, type Digest } from '../model/digest.ts';
import { makeFolder } from '../system/make-folder.ts';

/**
 * A source whose blobs are kept, as they come, in a folder, so that each is fetched once however often it is read. The caller
 * removes the folder.
 */
export function spooled(source: ImageSource, folderPath: string): ImageSource {
  const fetched = new Map<Digest, Promise<void>>();
  const files = folderFiles(folderPath);
  return {
    ...source,
    async blob(descriptor, options = {}) {
      const { hex } = digestParts(descriptor.digest);
      const fetchOnce = async (): Promise<void> => {
        await makeFolder(folderPath);
        const partPath = join(folderPath, `${hex}.part`);
        const { signal } = options;
        const blob = await source.blob(descriptor, { signal });
        const file = await open(partPath, 'wx', 0o600);
        try {
          // Piece by piece: a stream would hold those that wait to be written.
          for await (const piece of blob) await file.writeFile(piece);
        } finally {
          await file.close();
        }
        await rename(partPath, join(folderPath, hex));
      };
      const fetching = fetched.get(descriptor.digest) ?? fetchOnce();
      fetched.set(descriptor.digest, fetching);
      await fetching;
      return files.stream(hex, options);
    },
  };
}
