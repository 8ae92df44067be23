import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A fenced block of shell commands, and the machine that the page runs it on. */
export interface Block {
  readonly machine: 'builder' | 'host';
  readonly heading: string;
  readonly commands: string;
}

/** The blocks of a page of docs/, in their order. @throws Error for a block of shell that says no machine */
export async function readBlocks(name: string): Promise<Block[]> {
  const text = await readFile(join(import.meta.dirname, '../../docs', name), 'utf8');
  const blocks: Block[] = [];
  let heading = '';
  for (const [, title, info, commands = ''] of text.matchAll(/^(?:#+ (.*)|```(.*)\n([^]*?)^```$)/gm)) {
    if (title !== undefined) heading = title;
    const [language, machine] = (info ?? '').split(' ');
    if (language !== 'sh') continue;
    if (machine !== 'builder' && machine !== 'host')
      throw new Error(`${name}, ${heading}: the block is of no machine`);
    blocks.push({ machine, heading, commands });
  }
  return blocks;
}
