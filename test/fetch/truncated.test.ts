import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fetchBlob } from '../../src/fetch/fetch-blob.ts';
import { digestParts } from '../../src/model/digest.ts';
import { seededBytes } from '../support/image.ts';
import { makeDownloadScene, never } from './download-scene.ts';
import { blobOf, serveBlobs } from './serve-blobs.ts';

const bytes = seededBytes('truncated', 700_000);
const blob = blobOf(bytes);
const firstBytes = 300_000;

async function fetchAfter(
  truncated: (response: ServerResponse) => void,
): Promise<{ ranges: (string | undefined)[]; sentBytes: number }> {
  let asked = 0;
  const url = await serveBlobs([bytes], {
    instead: ({ method }, response) => {
      if (method !== 'GET' || (asked += 1) > 1) return false;
      truncated(response);
      return true;
    },
  });
  const scene = await makeDownloadScene(url);
  await fetchBlob(blob, scene.openOf(blob), scene.parts, never, () => {});
  const { hex } = digestParts(blob.digest);
  const stored = await readFile(join(scene.cache.folderPath, 'blobs', 'sha256', hex));
  expect(stored.equals(bytes)).toBe(true);
  const ranges = scene.proxy.requests().map(({ headers }) => headers.range);
  return { ranges, sentBytes: scene.sentBytes() };
}

test('an answer that ends early and in order: the rest is asked for, and no byte comes twice', async () => {
  const { ranges, sentBytes } = await fetchAfter((response) => {
    // Without a length, as a proxy may pass on what it got itself.
    response.write(bytes.subarray(0, firstBytes));
    response.end();
  });
  expect(ranges).toEqual([undefined, `bytes=${firstBytes}-699999`]);
  expect(sentBytes).toBe(bytes.length);
});

test('an answer that says itself that it is too short is not taken: it may be the page of a portal', async () => {
  const { ranges } = await fetchAfter((response) => response.end(bytes.subarray(0, firstBytes)));
  expect(ranges).toEqual([undefined, undefined]);
});
