import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip, createZstdCompress } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { header, tar } from './pack-tar.ts';

const fileBytes = 64 * 2 ** 20;
const files = 32;
const linksAFile = 1_000;
const piece = Buffer.alloc(2 ** 20, 'not much in it, ');

/** A tar of 2 GiB: large files, and between them small ones and links, as an OS has them. */
async function* largeTar(): AsyncGenerator<Buffer> {
  for (let at = 0; at < files; at += 1) {
    yield header({ name: `usr/lib/file-${at}` }, fileBytes);
    for (let sent = 0; sent < fileBytes; sent += piece.length) yield piece;
    const small = Array.from({ length: linksAFile }, (_, each) => [
      { name: `usr/share/doc/${at}/${each}`, content: 'text' },
      { name: `usr/share/link/${at}/${each}`, type: '2', linkName: `/usr/share/doc/${at}/${each}` },
    ]);
    yield tar(...small.flat()).subarray(0, -1024);
  }
  yield Buffer.alloc(1024);
}

test.each([
  ['gzip', () => createGzip({ level: 1 })],
  ['zstd', () => createZstdCompress()],
])('a layer of 2 GiB, %s, is read in 150 MiB', { timeout: 120_000 }, async (_, compress) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'layer');
  await pipeline(Readable.from(largeTar(), { objectMode: false }), compress(), createWriteStream(path));
  // Bundled, as the product is: what Node needs to run TypeScript is not to be measured.
  const program = join(folder.path, 'large-layer.mjs');
  const entryPoints = [fileURLToPath(new URL('large-layer.ts', import.meta.url))];
  await build({ entryPoints, outfile: program, bundle: true, platform: 'node', format: 'esm' });
  const { stdout, stderr } = await runProgram(process.execPath, ['--max-old-space-size=96', program, path]);
  expect(stderr).toBe('');
  const { peakMiB, entries } = JSON.parse(stdout.toString()) as { peakMiB: number; entries: number };
  expect(entries).toBe(files * linksAFile);
  expect(peakMiB).toBeLessThanOrEqual(150);
});
