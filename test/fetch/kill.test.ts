import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cachePaths } from '../../src/fetch/cache-paths.ts';
import { seededBytes } from '../support/image.ts';
import { startDownload } from './download-process.ts';
import { makeDownloadScene } from './download-scene.ts';
import { blobOf, serveBlobs } from './serve-blobs.ts';

const blobs = [9, 6, 3, 1, 0.1].map((mebibytes) => seededBytes(`${mebibytes}`, mebibytes * 1024 * 1024));
const uniqueBytes = blobs.reduce((sum, { length }) => sum + length, 0);
const bytesPerSecond = 4_000_000;
const kills = 4;
/** What a kill may lose: what waits to be written, and what a process that gets no turn has not read from its sockets. */
const lostBytes = 2 * 1024 * 1024;

test('killed at any moment, it goes on with all but what was on its way', { timeout: 120_000 }, async () => {
  let atBytes = Infinity;
  let kill = (): void => {};
  const scene = await makeDownloadScene(await serveBlobs(blobs), {
    bytesPerSecond,
    onSent: (totalBytes) => {
      if (totalBytes >= atBytes) kill();
    },
  });
  const { address } = scene.proxy;
  const { folderPath } = scene.cache;
  for (let count = 0; count < kills; count += 1) {
    atBytes = scene.sentBytes() + Math.round((Math.random() * uniqueBytes) / kills);
    const { child, ended } = startDownload(address, folderPath, blobs);
    kill = () => child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
  }
  kill = () => {};
  const keptBytes = await bytesIn(folderPath);
  const sentBytes = scene.sentBytes();
  expect(await startDownload(address, folderPath, blobs).ended).toBe(0);
  for (const bytes of blobs) expect(await scene.cache.has(blobOf(bytes).digest)).toBe(true);
  // Of what the disk has nothing is asked for.
  expect(scene.sentBytes() - sentBytes).toBe(uniqueBytes - keptBytes);
  const twice = scene.sentBytes() - uniqueBytes;
  expect(twice).toBeLessThanOrEqual(uniqueBytes / 100 + kills * lostBytes);
  // All is in its place: nothing is asked again.
  const before = scene.proxy.requests().length;
  expect(await startDownload(address, folderPath, blobs).ended).toBe(0);
  expect(scene.proxy.requests()).toHaveLength(before);
});

/** Of whole blobs and of parts. */
async function bytesIn(folderPath: string): Promise<number> {
  const paths = blobs.map((bytes) => cachePaths(folderPath).of(blobOf(bytes).digest));
  const files = paths.flatMap(({ partial, finished }) => [partial, finished]);
  const sizes = files.map(async (file) =>
    stat(file).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((total, size) => total + size, 0);
}

test('two processes at once: each byte once', { timeout: 60_000 }, async () => {
  const scene = await makeDownloadScene(await serveBlobs(blobs), { bytesPerSecond });
  const { address } = scene.proxy;
  const both = [blobs, blobs.toReversed()].map((set) =>
    startDownload(address, join(scene.cache.folderPath), set),
  );
  expect(await Promise.all(both.map(({ ended }) => ended))).toEqual([0, 0]);
  expect(scene.sentBytes()).toBe(uniqueBytes);
});
