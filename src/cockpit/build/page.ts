import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';
import { licenseText } from './licenses.ts';
import { parsePo } from '../po/parse-po.ts';
import { translationScript } from '../po/translation-script.ts';

const source = join(import.meta.dirname, '..');
const project = join(source, '..', '..');

/** Cockpit's own library is the host's, loaded by the page before it. */
const hostLibrary: Plugin = {
  name: 'host-library',
  setup(plugins) {
    plugins.onResolve({ filter: /^cockpit$/ }, () => ({ path: 'cockpit', namespace: 'host' }));
    plugins.onLoad({ filter: /.*/, namespace: 'host' }, () => ({
      contents: 'module.exports = window.cockpit;',
    }));
    // Cockpit serves the fonts that PatternFly asks for, and the page shows none of its pictures.
    plugins.onResolve({ filter: /^\.\/assets\/fonts\// }, ({ path }) => ({
      path: path.replace('./assets/', '../../static/'),
      external: true,
    }));
    plugins.onResolve({ filter: /^\.\/assets\/(images|pficon)\// }, ({ path }) => ({ path, external: true }));
  },
};

/**
 * Builds the page as Cockpit takes it: a folder to be put into /usr/share/cockpit.
 * @returns paths of what is in it, inside the project
 */
export async function buildPage(folder: string): Promise<readonly string[]> {
  const { metafile } = await build({
    entryPoints: { index: join(source, 'main.tsx') },
    outdir: folder,
    bundle: true,
    platform: 'browser',
    // What Cockpit 286 asks of a browser.
    target: ['chrome111', 'firefox115', 'safari16.4'],
    format: 'iife',
    jsx: 'automatic',
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',
    metafile: true,
    plugins: [hostLibrary],
    logLevel: 'warning',
  });
  const inputs = Object.keys(metafile.inputs);
  for (const file of ['index.html', 'manifest.json']) await cp(join(source, file), join(folder, file));
  await writeFile(join(folder, 'LICENSES.txt'), await licenseText(project, inputs));
  await writeTranslations(folder);
  // Served as they are to who can read them so, which every browser can: a quarter of the bytes.
  for (const file of ['index.js', 'index.css']) await compress(join(folder, file));
  return inputs;
}

async function compress(path: string): Promise<void> {
  await writeFile(`${path}.gz`, gzipSync(await readFile(path), { level: 9 }));
  await rm(path);
}

async function writeTranslations(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const labels = manifestTexts(await readFile(join(source, 'manifest.json'), 'utf8'));
  for (const file of await readdir(join(source, 'po'))) {
    if (!file.endsWith('.po')) continue;
    const language = file.slice(0, -'.po'.length);
    const catalog = parsePo(await readFile(join(source, 'po', file), 'utf8'));
    const inMenu = catalog.entries.filter(({ id }) => labels.has(id));
    await writeFile(join(folder, `po.${language}.js`), translationScript(catalog));
    await writeFile(
      join(folder, `po.manifest.${language}.js`),
      translationScript({ ...catalog, entries: inMenu }),
    );
  }
}

/** What the menu shows, and finds. */
export function manifestTexts(manifest: string): ReadonlySet<string> {
  const { menu } = JSON.parse(manifest) as {
    menu: Record<string, { label: string; keywords: { matches: string[] }[] }>;
  };
  return new Set(
    Object.values(menu).flatMap(({ label, keywords }) => [
      label,
      ...keywords.flatMap(({ matches }) => matches),
    ]),
  );
}
