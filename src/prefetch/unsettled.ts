import { createHash, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../system/make-folder.ts';
import { bootId } from '../system/process-owner.ts';
import { readSmallText } from '../system/read-small-text.ts';
import { writeFileWhole } from '../system/write-file.ts';
import { importNotesFolder, listImportNotes } from './import-notes.ts';

/** Images of a store whose import a power loss may have cut off before the disk had all of it. */
export interface Unsettled {
  readonly names: ReadonlySet<string>;
  /** Once they have been looked at. */
  readonly forget: () => Promise<void>;
}

const noteBytesMax = 1024 * 1024;

/**
 * Notes on the disk which images are imported now: a store records an image before the disk has all of it. Where no note can be
 * written, the import goes on without.
 * @returns a function that takes the note back, once the disk has them
 */
export async function noteImports(storePath: string, names: readonly string[]): Promise<() => Promise<void>> {
  const folderPath = importNotesFolder();
  const path = join(folderPath, `${await bootId()}.${keyOf(storePath)}.${randomUUID()}`);
  const isNoted = await makeFolder(folderPath, 0o700)
    .then(async () => writeFileWhole(path, names.join('\n'), { mode: 0o600 }))
    .then(
      () => true,
      () => false,
    );
  return async () => {
    if (isNoted) await rm(path, { force: true });
  };
}

/** Those of earlier boots: what was written in this one is in the page cache, whoever was killed. */
export async function unsettledImports(storePath: string): Promise<Unsettled> {
  const folderPath = importNotesFolder();
  const paths: string[] = [];
  const names = new Set<string>();
  const thisBoot = await bootId();
  for (const note of listImportNotes()) {
    const [boot, key] = note.split('.');
    if (key !== keyOf(storePath) || boot === thisBoot) continue;
    const path = join(folderPath, note);
    const text = await readSmallText(path, noteBytesMax).catch(() => undefined);
    for (const name of text?.split('\n') ?? []) names.add(name);
    paths.push(path);
  }
  return {
    names,
    async forget() {
      for (const path of paths) await rm(path, { force: true });
    },
  };
}

function keyOf(storePath: string): string {
  return createHash('sha256').update(storePath).digest('hex').slice(0, 16);
}
