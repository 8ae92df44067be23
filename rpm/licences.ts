import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** As its package.json has it: an SPDX expression. */
  readonly licence: string;
  /** Its licence files, one after another. */
  readonly text: string;
}

/**
 * The npm packages that inputs of a bundle are of, sorted by name.
 * @param inputs paths below the project, such as `node_modules/execa/index.js`
 * @throws Error where one has neither a licence file nor says its licence
 */
export async function bundledPackages(
  projectPath: string,
  inputs: readonly string[],
): Promise<readonly BundledPackage[]> {
  const folders = new Set(
    inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const packages = await Promise.all([...folders].map(async (folder) => read(join(projectPath, folder))));
  return packages.toSorted((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

/** LICENSES.txt: what a binary distribution of these packages has to say. */
export function licencesText(packages: readonly BundledPackage[]): string {
  return packages
    .map(({ name, version, licence, text }) => `${name} ${version} (${licence})\n\n${text.trim()}\n`)
    .join(`\n${'-'.repeat(78)}\n\n`);
}

async function read(folder: string): Promise<BundledPackage> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const files = (await readdir(folder)).filter((name) => /^(?:licen[cs]e|copying|notice)/i.test(name)).sort();
  const texts = await Promise.all(files.map(async (name) => readFile(join(folder, name), 'utf8')));
  if (manifest.license === undefined && texts.length === 0)
    throw new Error(`${folder} says nothing of its licence`);
  return {
    name: manifest.name,
    version: manifest.version,
    licence: manifest.license ?? 'see below',
    text: texts.join('\n'),
  };
}
