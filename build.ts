import { chmod } from 'node:fs/promises';
import { build } from 'esbuild';

// One file: a host starts it without resolving a package, and an RPM ships it as it is.
await build({
  entryPoints: ['src/main.ts'],
  outfile: 'dist/bound-images.js',
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
});
await chmod('dist/bound-images.js', 0o755);
