import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';

/** Where it is noted which images are being imported (`unsettled.ts`). */
export function importNotesFolder(): string {
  return join(cacheFolder(), 'importing');
}

/** The names of the notes. Looked at wherever all seems to be present: what reads them is loaded where there is one. */
export function listImportNotes(): readonly string[] {
  try {
    return readdirSync(importNotesFolder());
  } catch {
    return [];
  }
}
