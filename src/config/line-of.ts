import { parse } from 'smol-toml';

/**
 * The line, from 1, on which a table or one of its keys begins in a TOML text that is whole: the one after the longest
 * beginning of it that can be parsed and lacks it. So it is right for every way to write a key, and slow: for errors only.
 */
export function lineOf(text: string, section: string, key?: string): number {
  const lines = text.split('\n');
  let line = 1;
  for (let count = 0; count < lines.length; count += 1) {
    const table = parsed(`${lines.slice(0, count).join('\n')}\n`);
    if (table === undefined) continue;
    if (has(table, section, key)) break;
    line = count + 1;
  }
  return line;
}

function parsed(text: string): object | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function has(table: object, section: string, key: string | undefined): boolean {
  if (!Object.hasOwn(table, section)) return false;
  const below: unknown = (table as Record<string, unknown>)[section];
  return key === undefined || (typeof below === 'object' && below !== null && Object.hasOwn(below, key));
}
