import { readdirSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { asFailure, Failure } from '../model/failure.ts';
import { readSmallText } from '../system/read-small-text.ts';
import { makeConfiguration, type Configuration } from './configuration.ts';
import { parseConfiguration } from './parse-configuration.ts';

const fileLimitBytes = 64 * 1024;
const mainFile = '/etc/bound-images.toml';
const vendorFolder = '/usr/lib/bound-images.d';
const localFolder = '/etc/bound-images.d';

/**
 * The configuration of a host: the vendor's drop-ins by name, over them /etc/bound-images.toml, over that the
 * administrator's drop-ins by name. A file in /etc takes the place of the vendor's of the same name; one that is empty or a
 * link to /dev/null leaves nothing of it, as with systemd.unit(5).
 * @throws Failure `BadConfiguration`
 */
export async function readConfiguration(rootPath: string): Promise<Configuration> {
  const vendor = dropIns(join(rootPath, vendorFolder));
  const local = dropIns(join(rootPath, localFolder));
  const files = [
    ...vendor.filter((name) => !local.includes(name)).map((name) => join(vendorFolder, name)),
    mainFile,
    ...local.map((name) => join(localFolder, name)),
  ];
  const texts = await Promise.all(files.map((file) => readText(join(rootPath, file))));
  return makeConfiguration(files.map((file, index) => parseConfiguration(texts[index] ?? '', file)));
}

function dropIns(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder);
    return names.filter((name) => name.endsWith('.toml') && !name.startsWith('.')).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new Failure('BadConfiguration', `cannot read the folder ${folder}: ${code}`, { cause: error });
  }
}

async function readText(path: string): Promise<string> {
  try {
    return (await readSmallText(path, fileLimitBytes)) ?? '';
  } catch (error) {
    if ((await readlink(path).catch(() => '')) === '/dev/null') return '';
    throw new Failure('BadConfiguration', asFailure(error).message, { cause: error });
  }
}
