import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

export interface Entry {
  /** Below the tarball's one folder. */
  readonly path: string;
  readonly content: Uint8Array | string;
  readonly executable?: boolean;
}

/**
 * A .tar.gz that is the same, byte for byte, wherever it is made of the same entries.
 * @param folder the one folder that it unpacks to
 * @param epochSeconds modification time of everything in it: reproducible-builds.org, "SOURCE_DATE_EPOCH"
 */
export async function makeTarball(
  folder: string,
  entries: readonly Entry[],
  epochSeconds: number,
): Promise<Uint8Array> {
  const archive = pack();
  const whole = buffer(archive);
  // By code units: an order that no locale changes.
  for (const { path, content, executable } of entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const name = `${folder}/${path}`;
    const mode = executable === true ? 0o755 : 0o644;
    archive.entry(
      { name, mode, mtime: new Date(epochSeconds * 1000), uname: 'root', gname: 'root' },
      Buffer.from(content),
    );
  }
  archive.finalize();
  // zlib writes neither a name nor a time into the header, but what it was compiled for (RFC 1952, section 2.3.1).
  const packed = gzipSync(await whole, { level: 9 });
  packed[9] = 255;
  return packed;
}

/** The files below a folder of the disk, as entries below `path`. */
export async function entriesBelow(folderPath: string, path: string): Promise<Entry[]> {
  const found = await readdir(folderPath, { recursive: true, withFileTypes: true });
  return Promise.all(
    found
      .filter((each) => each.isFile())
      .map(async (each) => {
        const filePath = join(each.parentPath, each.name);
        const inside = join(path, filePath.slice(folderPath.length + 1));
        return entryOf(filePath, inside);
      }),
  );
}

export async function entryOf(filePath: string, path: string): Promise<Entry> {
  const executable = ((await stat(filePath)).mode & 0o100) !== 0;
  return { path, content: await readFile(filePath), executable };
}
