// `node src/cockpit/po/extract.ts`: writes what the page says into boundimages.pot, and brings each language's catalog up to it.
import { glob, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestTexts } from '../build/page.ts';
import { mergePo, templateText, textsOf } from './messages.ts';
import { parsePo } from './parse-po.ts';

const source = join(import.meta.dirname, '..');

export async function readMessages(): Promise<ReadonlyMap<string, string | undefined>> {
  const messages = new Map<string, string | undefined>();
  const files: string[] = [];
  for await (const file of glob('**/*.{ts,tsx}', { cwd: source, exclude: ['po/**'] })) files.push(file);
  for (const file of files.sort())
    for (const [id, plural] of textsOf(await readFile(join(source, file), 'utf8'))) messages.set(id, plural);
  for (const id of manifestTexts(await readFile(join(source, 'manifest.json'), 'utf8')))
    messages.set(id, undefined);
  return messages;
}

if (import.meta.main) {
  const messages = await readMessages();
  await writeFile(join(import.meta.dirname, 'boundimages.pot'), templateText(messages));
  for (const file of await readdir(import.meta.dirname)) {
    if (!file.endsWith('.po')) continue;
    const path = join(import.meta.dirname, file);
    await writeFile(path, mergePo(parsePo(await readFile(path, 'utf8')), messages));
  }
}
