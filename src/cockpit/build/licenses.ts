import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The licenses of the packages that a bundle is made of, as they come with them.
 * @param inputs paths of what was bundled, inside the project
 */
export async function licenseText(project: string, inputs: readonly string[]): Promise<string> {
  const names = new Set(
    inputs.flatMap((path) => {
      const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
      return name === undefined ? [] : [name];
    }),
  );
  const texts = await Promise.all(
    Array.from(names)
      .sort()
      .map(async (name) => packageLicense(project, name)),
  );
  return `index.js and index.css contain code of these packages.\n\n${texts.join('\n')}`;
}

async function packageLicense(project: string, name: string): Promise<string> {
  const folder = join(project, 'node_modules', name);
  const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    version: string;
    license?: string;
  };
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? '' : `\n${(await readFile(join(folder, file), 'utf8')).trim()}\n`;
  return `== ${name} ${version}, ${license ?? 'no license'}\n${text}`;
}
