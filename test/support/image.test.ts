import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { expect, test } from 'vitest';
import { makeImage, makeLayer, seededBytes, writeLayout } from './image.ts';
import { temporaryFolder } from './temporary-folder.ts';

test.each([
  ['gzip', gunzipSync],
  ['zstd', zstdDecompressSync],
  ['none', (bytes: Buffer) => bytes],
] as const)(
  'a layer compressed with %s has the digests of its bytes, and what was put into it',
  async (how, undo) => {
    const layer = await makeLayer(
      {
        file: 'text',
        program: { content: 'x', mode: 0o755 },
        link: { link: 'file' },
        other: { hardLink: 'file' },
      },
      how,
    );
    const tar = undo(layer.bytes);
    expect(layer.digest).toBe(sha256(layer.bytes));
    expect(layer.diffDigest).toBe(sha256(tar));
    const found: unknown[] = [];
    const reader = extract();
    reader.end(tar);
    for await (const entry of reader) {
      const { name, type, mode, linkname } = entry.header;
      found.push([name, type, mode === 0o755, linkname, await text(entry)]);
    }
    expect(found).toEqual([
      ['file', 'file', false, null, 'text'],
      ['program', 'file', true, null, 'x'],
      ['link', 'symlink', false, 'file', ''],
      ['other', 'link', false, 'file', ''],
    ]);
  },
);

test('seeded bytes are the same for a seed, others for another, and do not compress', () => {
  const bytes = seededBytes('a', 100_000);
  expect(bytes.length).toBe(100_000);
  expect(seededBytes('a', 100_000)).toEqual(bytes);
  expect(seededBytes('b', 100_000)).not.toEqual(bytes);
  expect(gzipSync(bytes).length).toBeGreaterThan(99_000);
});

test('a layout holds images by name, and an index of several platforms', async () => {
  await using folder = await temporaryFolder();
  const base = await makeLayer({ base: 'shared' });
  const one = makeImage([base, await makeLayer({ one: '1' })], { architecture: 'amd64' });
  const two = makeImage([base, await makeLayer({ two: '2' })], { architecture: 'arm64' });
  expect(await writeLayout(folder.path, 'one', one)).toBe(one.manifest.digest);
  const both = await writeLayout(folder.path, 'both', [one, two]);
  const blob = async (digest: string): Promise<Buffer> =>
    readFile(join(folder.path, 'blobs', ...digest.split(':')));
  expect(JSON.parse((await blob(both)).toString())).toMatchObject({
    manifests: [
      { digest: one.manifest.digest, platform: { os: 'linux', architecture: 'amd64' } },
      { digest: two.manifest.digest, platform: { os: 'linux', architecture: 'arm64' } },
    ],
  });
  for (const { digest } of [base, one.config, two.config]) expect(sha256(await blob(digest))).toBe(digest);
  const index = JSON.parse(await readFile(join(folder.path, 'index.json'), 'utf8')) as {
    manifests: unknown[];
  };
  expect(index.manifests).toHaveLength(2);
});

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
