import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { hostRoot } from './host-root.ts';
import { answerSample, imageText, plain, refer, sha256 } from './sample.ts';
import { serve } from './serve.ts';

// build.ts makes one file; in several, undici has no named exports.
test.each([false, true])('works out of a bundle (in several files: %s)', async (splitting) => {
  const { host } = await serve(answerSample);
  const folder = await hostRoot();
  const script = `
    import { openRegistry } from ${JSON.stringify(join(import.meta.dirname, '../../src/registry/open-registry.ts'))};
    const registry = await openRegistry(${JSON.stringify(folder)}, { userAgent: 'test/1' });
    process.stdout.write(await registry.resolveDigest(${JSON.stringify(refer(host))}, { pull: ${JSON.stringify(plain)} }));
    await registry.close();`;
  await build({
    stdin: { contents: script, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    splitting,
    minify: true,
    keepNames: true,
    platform: 'node',
    format: 'esm',
    outdir: folder,
    logLevel: 'error',
    outExtension: { '.js': '.mjs' },
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'stdin.mjs')]);
  expect(stdout).toBe(sha256(imageText));
});
