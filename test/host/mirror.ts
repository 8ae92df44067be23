import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Where this machine gets Debian's own packages, read from apt's sources.
 * @throws Error where they name no mirror of Debian: `DEBIAN_MIRROR` says one then.
 */
export async function debianMirror(aptFolder = '/etc/apt'): Promise<string> {
  const given = process.env['DEBIAN_MIRROR'];
  if (given !== undefined && given !== '') return given;
  for (const path of await sourceFiles(aptFolder)) {
    const uri = mirrorIn(await readFile(path, 'utf8'));
    if (uri !== undefined) return uri;
  }
  throw new Error(`no mirror of Debian in ${aptFolder}: set DEBIAN_MIRROR to the address of one`);
}

/** The first mirror in a sources.list(5) file of either format, deb822 or one line a source, that has Debian's main archive. */
export function mirrorIn(text: string): string | undefined {
  const lines = text.replace(/^\s*#.*\n?/gm, '');
  const uris = [
    ...lines.matchAll(/^URIs:\s*(\S+)/gim),
    ...lines.matchAll(/^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/gm),
  ];
  // Debian's archive ends in /debian wherever it is mirrored; its security archive, and others' archives, do not.
  return uris.map((match) => match[1]).find((uri) => uri !== undefined && /\/debian\/?$/.test(uri));
}

async function sourceFiles(aptFolder: string): Promise<string[]> {
  const parts = join(aptFolder, 'sources.list.d');
  const names = await Promise.all([namesIn(aptFolder), namesIn(parts)]);
  const list = names[0].filter((name) => name === 'sources.list').map((name) => join(aptFolder, name));
  const others = names[1].filter((name) => /\.(?:list|sources)$/.test(name)).sort();
  return [...list, ...others.map((name) => join(parts, name))];
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
