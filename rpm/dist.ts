// `npm run dist`: rpm/dist/bound-images-VERSION.tar.gz, what the packages are made of, and the spec file that goes with it.
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { version } from '../src/prefetch/version.ts';
import { bashCompletion } from './completions/bash.ts';
import { fishCompletion } from './completions/fish.ts';
import { zshCompletion } from './completions/zsh.ts';
import { commandLines } from './command.ts';
import { type BundledPackage, bundledPackages, licencesText } from './licences.ts';
import { manualPages } from './manual/pages.ts';
import { specText } from './spec.ts';
import { type Entry, entriesBelow, entryOf, makeTarball } from './tarball.ts';

const project = join(import.meta.dirname, '..');
const out = join(import.meta.dirname, 'dist');
const metainfo = 'org.boundimages.cockpit.metainfo.xml';
const at = (path: string): string => join(project, path);

const inputs = JSON.parse(await readFile(at('dist/inputs.json'), 'utf8')) as Record<
  'program' | 'page',
  string[]
>;
const program = await bundledPackages(project, inputs.program);
const page = await bundledPackages(project, inputs.page);
const epochSeconds = sourceDate();
const name = `bound-images-${version}`;

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await writeFile(join(out, `${name}.tar.gz`), await makeTarball(name, await entries(program), epochSeconds));
const spec = await readFile(at('rpm/bound-images.spec'), 'utf8');
await writeFile(join(out, 'bound-images.spec'), specText(spec, version, { program, page }));

/** The same for everybody who builds the same commit: reproducible-builds.org, "SOURCE_DATE_EPOCH". */
function sourceDate(): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  return Number(
    given ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: project, encoding: 'utf8' }),
  );
}

async function entries(bundled: readonly BundledPackage[]): Promise<Entry[]> {
  const lines = commandLines();
  const files = await entriesBelow(at('dist'), 'program');
  return [
    ...files.filter(({ path }) => !/^program\/(?:cockpit\/|inputs\.json$)/.test(path)),
    ...(await entriesBelow(at('dist/cockpit'), 'cockpit')),
    ...(await entriesBelow(at('systemd'), 'systemd')),
    ...(await entriesBelow(at('selinux'), 'selinux')),
    { path: 'completions/bound-images.bash', content: bashCompletion(lines) },
    { path: 'completions/_bound-images', content: zshCompletion(lines) },
    { path: 'completions/bound-images.fish', content: fishCompletion(lines) },
    ...(await manualPages(project)).map(({ name: page, text }) => ({ path: `man/${page}`, content: text })),
    { path: 'LICENSES.txt', content: licencesText(bundled) },
    await entryOf(at('rpm/bound-images.sh'), 'bound-images.sh'),
    await entryOf(at('src/dbus/org.boundimages1.xml'), 'org.boundimages1.xml'),
    await entryOf(at(`src/cockpit/${metainfo}`), metainfo),
    ...(await Promise.all(
      ['LICENSE', 'README.md', 'CHANGELOG.md'].map(async (path) => entryOf(at(path), path)),
    )),
  ];
}
