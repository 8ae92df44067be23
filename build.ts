import { chmod, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { buildPage } from './src/cockpit/build/page.ts';

await rm('dist', { recursive: true, force: true });
// The program, and chunks that it loads when it first needs them. In one single file every module of node that any command needs
// would be loaded at each start, and the HTTP client parsed, which is two thirds of the code: twice the time of a run that finds
// everything present.
const { metafile } = await build({
  entryPoints: { 'bound-images': 'src/main.ts' },
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  splitting: true,
  bundle: true,
  platform: 'node',
  target: 'node22.22',
  format: 'esm',
  minify: true,
  keepNames: true,
  legalComments: 'linked',
  // CommonJS dependencies ask for node's own modules with require().
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
  metafile: true,
});
await chmod('dist/bound-images.js', 0o755);
// What goes to /usr/share/cockpit.
const page = await buildPage('dist/cockpit/boundimages');
// What the packages have to name as bundled, and whose licences they carry: rpm/licences.ts.
await writeFile('dist/inputs.json', JSON.stringify({ program: Object.keys(metafile.inputs), page }));
