import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { commandLines } from '../command.ts';
import { busText } from './bus.ts';
import { commandsText } from './commands.ts';
import { fill } from './mdoc.ts';

export interface ManualPage {
  /** `bound-images.1` */
  readonly name: string;
  /** In mdoc(7). */
  readonly text: string;
}

/** The pages of docs/man, with what the code itself says in the places that they leave for it. */
export async function manualPages(projectPath: string): Promise<readonly ManualPage[]> {
  const folder = join(projectPath, 'docs', 'man');
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => ({ name, text: await filled(await readFile(join(folder, name), 'utf8')) })),
  );

  async function filled(page: string): Promise<string> {
    if (page.includes('@COMMANDS@')) return fill(page, 'COMMANDS', commandsText(commandLines()));
    if (!page.includes('@REFERENCE@')) return page;
    const reference = await readFile(join(projectPath, 'docs', 'org.boundimages1.md'), 'utf8');
    return fill(page, 'REFERENCE', busText(reference));
  }
}
