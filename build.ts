import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { rolldown } from 'rolldown';
import { lazyBuiltins } from './build/lazy-builtins.ts';
import { buildPage } from './src/cockpit/build/page.ts';

await rm('dist', { recursive: true, force: true });
await mkdir('dist');
await writeFile('dist/package.json', '{"type":"commonjs"}\n');
// A program and chunks that it loads when it first needs them. CommonJS: node takes a third of a millisecond for each file of an
// ES module graph, and reads every property of node's own modules, which loads what is behind them.
const bundle = await rolldown({
  input: { 'bound-images': 'src/main.ts' },
  platform: 'node',
  plugins: [
    lazyBuiltins([
      'node:child_process',
      'node:crypto',
      'node:fs/promises',
      'node:http',
      'node:timers/promises',
      'node:tls',
      'node:v8',
      'node:zlib',
    ]),
  ],
  preserveEntrySignatures: false,
  transform: { target: 'node22.22' },
  checks: { ineffectiveDynamicImport: false },
});
const { output } = await bundle.write({
  dir: 'dist',
  format: 'cjs',
  dynamicImportInCjs: false,
  chunkFileNames: 'chunks/[name]-[hash].js',
  minify: true,
  keepNames: true,
  comments: { legal: false },
  codeSplitting: {
    // What is waited for is in few files: a prefetch that finds everything present, and the agent's first answer.
    groups: [
      { name: 'prefetch', test: /\/src\/cli\/prefetch\.ts$/, priority: 2 },
      { name: 'agent', test: /\/src\/cli\/agent\.ts$/, priority: 1 },
    ],
  },
});
await bundle.close();
await chmod('dist/bound-images.js', 0o755);
// What goes to /usr/share/cockpit.
const page = await buildPage('dist/cockpit/boundimages');
// What the packages have to name as bundled, and whose licences they carry: rpm/licences.ts.
const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
const program = modules.map((path) => relative(import.meta.dirname, path));
await writeFile('dist/inputs.json', JSON.stringify({ program, page }));
