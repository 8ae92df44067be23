import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openBlobCache } from '../../src/fetch/blob-cache.ts';
import { fetchBlob } from '../../src/fetch/fetch-blob.ts';
import { fetchBlobs } from '../../src/fetch/fetch-blobs.ts';
import { digestParts } from '../../src/model/digest.ts';
import { runProgram } from '../../src/system/run-program.ts';
import type { Fault } from '../support/fault-proxy.ts';
import { type Layer, makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type DownloadScene, makeDownloadScene, never } from './download-scene.ts';

const mebibyte = 1024 * 1024;
const stack = new AsyncDisposableStack();
let registry: Registry;
let layers: readonly Layer[];
let layer: Layer;

beforeAll(async () => {
  registry = stack.use(await startRegistry());
  layer = await makeLayer({ file: seededBytes('large', 5 * mebibyte) }, 'none');
  layers = [layer, await makeLayer({ other: seededBytes('other', 3 * mebibyte) })];
  await pushImage(makeImage(layers), `${registry.address}/app:1`);
});
afterAll(() => stack.disposeAsync());

const idOf = ({ digest, size }: Layer) => ({ digest, sizeBytes: size });

async function fetched(scene: DownloadScene): Promise<void> {
  const blob = idOf(layer);
  await fetchBlob(blob, scene.openOf(blob), scene.parts, never, () => {});
  const path = join(scene.cache.folderPath, 'blobs', 'sha256', digestParts(blob.digest).hex);
  expect((await readFile(path)).equals(layer.bytes)).toBe(true);
}

test.each<[string, Fault]>([
  ['cut', { kind: 'cut', afterBytes: 2_345_678 }],
  ['reset', { kind: 'reset', afterBytes: 2_345_678 }],
  ['stalled', { kind: 'stall', afterBytes: 2_345_678 }],
  ['overloaded', { kind: 'answer', status: 429, headers: { 'retry-after': '1' } }],
  ['ill', { kind: 'answer', status: 500 }],
  [
    'redirected to a dead host',
    { kind: 'answer', status: 307, headers: { location: 'http://127.0.0.1:1/' } },
  ],
])('the real registry, %s: the rest is asked for', async (_, fault) => {
  const scene = await makeDownloadScene(registry.url, {
    faultOf: ({ before }) => (before < 2 ? fault : undefined),
    // A reset takes along what the reader has not yet taken out of its socket: little, on a link.
    bytesPerSecond: 4 * mebibyte,
    parts: { stallMs: 500 },
  });
  await fetched(scene);
  expect(scene.sentBytes()).toBeLessThan(layer.size + 2 * 512 * 1024);
  const resumed = scene.proxy.requests().filter(({ headers }) => headers.range !== undefined);
  if (fault.kind === 'answer') return;
  expect(resumed.map(({ status }) => status)).toEqual([206, 206]);
  // Its own validator is good for as long as the blob is the same.
  expect(resumed[0]?.headers['if-range']).toBe(`"${layer.digest}"`);
});

test('the registry goes away and comes back', async () => {
  await using folder = await temporaryFolder();
  const before = await startRegistry({ storagePath: folder.path });
  onTestFinished(() => before.stop());
  await pushImage(makeImage(layers), `${before.address}/app:1`);
  const scene = await makeDownloadScene(before.url, {
    faultOf: () => ({ kind: 'cut', afterBytes: mebibyte }),
    parts: { pause: () => before.stop() },
  });
  await expect(fetched(scene)).rejects.toMatchObject({ code: 'Transient' });
  expect(scene.sentBytes()).toBe(mebibyte);
  const after = await startRegistry({ storagePath: folder.path });
  onTestFinished(() => after.stop());
  const again = await makeDownloadScene(after.url, { folderPath: scene.cache.folderPath });
  await fetched(again);
  expect(again.sentBytes()).toBeLessThan(layer.size - mebibyte + 256 * 1024);
});

test('a full disk ends it with what is missing, and it goes on once there is room', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'cache');
  await mkdir(path);
  await mountTmpfs(path, '4m');
  const scene = await makeDownloadScene(registry.url, { folderPath: path });
  const wanted = layers.map(idOf).map((blob) => ({ ...blob, open: scene.openOf(blob) }));
  const fetching = fetchBlobs(wanted, scene.parts, never, () => {});
  await expect(fetching).rejects.toMatchObject({
    code: 'NoSpace',
    message: expect.stringMatching(/no space left, at least \d+ bytes more are needed; free some/),
  });
  await mountTmpfs(path, '40m', true);
  const before = scene.sentBytes();
  const { failed } = await fetchBlobs(wanted, scene.parts, never, () => {});
  expect(failed.size).toBe(0);
  const size = layers.reduce((sum, { size }) => sum + size, 0);
  expect(scene.sentBytes() - before).toBeLessThan(size - 2 * mebibyte);
});

test('a cache on a disk that cannot be written says so', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'cache');
  await mkdir(path);
  await mountTmpfs(path, '4m,ro');
  await expect(openBlobCache(path)).rejects.toMatchObject({
    code: 'BadConfiguration',
    message: expect.stringContaining('cannot be written (EROFS)'),
  });
});

async function mountTmpfs(path: string, size: string, remount = false): Promise<void> {
  const options = `${remount ? 'remount,' : ''}size=${size}`;
  const { exitCode, stderr } = await runProgram('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
  if (exitCode !== 0) throw new Error(`mount failed: ${stderr}`);
}
