import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../model/failure.ts';
import { mergeRegistriesConf } from './merge-registries-conf.ts';
import { parseRegistriesConf, type RegistriesConf } from './parse-registries-conf.ts';
import { isAbsent, readSmallFile } from './read-small-file.ts';

/**
 * The registries.conf of a host, read as containers-config(5) says: the administrator's file or else the vendor's, then all
 * drop-ins by name, where one of /etc hides the vendor's of the same name. Nobody's home is looked at: the agent has none.
 * @throws Failure `BadConfiguration`
 */
export async function readRegistriesConf(hostPath: string): Promise<RegistriesConf> {
  const folders = ['/usr/share/containers', '/etc/containers'].map((folder) => join(hostPath, folder));
  const dropIns = new Map<string, string>();
  for (const folder of folders) {
    for (const kind of ['registries.conf.d', 'registries.rootful.conf.d']) {
      const names = await namesIn(join(folder, kind));
      for (const name of names) if (name.endsWith('.conf')) dropIns.set(name, join(folder, kind, name));
    }
  }
  const conf: RegistriesConf[] = [];
  for (const folder of folders.toReversed()) {
    const path = join(folder, 'registries.conf');
    const text = await readSmallFile(path);
    if (text === undefined) continue;
    conf.push(parseRegistriesConf(text, path));
    break;
  }
  for (const name of [...dropIns.keys()].sort()) {
    const path = dropIns.get(name) ?? '';
    const text = await readSmallFile(path);
    if (text !== undefined) conf.push(parseRegistriesConf(text, path));
  }
  return mergeRegistriesConf(conf);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw new Failure('BadConfiguration', `cannot read ${folder}`, { cause: error });
  }
}
