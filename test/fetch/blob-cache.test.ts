import { mkdir, readFile, readdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openBlobCache, type BlobCache } from '../../src/fetch/blob-cache.ts';
import { takeLock } from '../../src/fetch/lock-file.ts';
import { thisProcess } from '../../src/system/process-owner.ts';
import { digestParts } from '../../src/model/digest.ts';
import { Failure } from '../../src/model/failure.ts';
import { seededBytes } from '../support/image.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { blobOf } from './serve-blobs.ts';

const [first, second, third] = ['1', '2', '3'].map((seed) => seededBytes(seed, 1_000)) as [
  Buffer,
  Buffer,
  Buffer,
];
const large = seededBytes('large', 600_000);

async function folderPath(): Promise<string> {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  return join(folder.path, 'cache');
}

async function add(cache: BlobCache, bytes: Buffer): Promise<void> {
  const partial = await cache.download(blobOf(bytes));
  partial?.begin(undefined);
  await partial?.append(bytes);
  expect(await partial?.finish()).toBe(true);
}

async function leavePart(cache: BlobCache, bytes: Buffer): Promise<void> {
  const partial = await cache.download(blobOf(large));
  partial?.begin({ endpoint: 'a/b', etag: '"1"' });
  await partial?.append(bytes);
  await partial?.abandon(new Failure('Cancelled', 'test'));
}

const hexOf = (bytes: Buffer): string => digestParts(blobOf(bytes).digest).hex;

/** What a dead process, or one of an earlier boot, wrote of itself. */
async function deadOwner(): Promise<object> {
  return { ...(await thisProcess()), startTicks: '1' };
}

test('an OCI layout for its owner alone', async () => {
  const path = await folderPath();
  await add(await openBlobCache(path), first);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect(await readFile(join(path, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}');
  expect(JSON.parse(await readFile(join(path, 'index.json'), 'utf8'))).toEqual({
    schemaVersion: 2,
    manifests: [],
  });
  expect(await readFile(join(path, 'blobs', 'sha256', hexOf(first)))).toEqual(first);
  // Neither lock nor journal is left.
  expect(await readdir(join(path, 'partial'))).toEqual([]);
});

test('a link in its place is refused', async () => {
  const path = await folderPath();
  await mkdir(`${path}-other`);
  await symlink(`${path}-other`, path);
  await expect(openBlobCache(path)).rejects.toMatchObject({ code: 'BadConfiguration' });
});

test('wrong bytes are not admitted, and nothing is left of them', async () => {
  const cache = await openBlobCache(await folderPath());
  const partial = await cache.download(blobOf(first));
  await partial?.append(second);
  expect(await partial?.finish()).toBe(false);
  expect(partial?.sizeBytes()).toBe(0);
  expect(await cache.has(blobOf(first).digest)).toBe(false);
  // The same may go on with the right ones.
  await partial?.append(first);
  expect(await partial?.finish()).toBe(true);
  expect(await cache.has(blobOf(first).digest)).toBe(true);
});

test('a part goes on where it ended, after a power loss where it was synced', async () => {
  const path = await folderPath();
  const cache = await openBlobCache(path);
  await leavePart(cache, large.subarray(0, 400_000));
  {
    await using partial = await cache.download(blobOf(large));
    expect(partial?.sizeBytes()).toBe(400_000);
    expect(partial?.validator()).toEqual({ endpoint: 'a/b', etag: '"1"' });
  }
  // Another boot: the file may be as long as it was, with zeros in it.
  const journalPath = join(path, 'partial', `${hexOf(large)}.json`);
  const journal = JSON.parse(await readFile(journalPath, 'utf8')) as object;
  await writeFile(journalPath, JSON.stringify({ ...journal, bootId: 'other', syncedBytes: 300_000 }));
  await writeFile(
    join(path, 'partial', hexOf(large)),
    Buffer.concat([large.subarray(0, 300_000), Buffer.alloc(99)]),
  );
  {
    await using partial = await cache.download(blobOf(large));
    expect(partial?.sizeBytes()).toBe(300_000);
    await partial?.append(large.subarray(300_000));
    expect(await partial?.finish()).toBe(true);
  }
});

test('what comes slowly is soon on the disk, long before the blob ends', async () => {
  const path = await folderPath();
  const cache = await openBlobCache(path);
  await using partial = await cache.download(blobOf(large));
  let sentBytes = 0;
  const synced = async (): Promise<number> => {
    await partial?.append(large.subarray(sentBytes, (sentBytes += 4_000)));
    const journal = await readFile(join(path, 'partial', `${hexOf(large)}.json`), 'utf8').catch(() => '{}');
    return (JSON.parse(journal) as { syncedBytes?: number }).syncedBytes ?? 0;
  };
  // At that rate it would take four seconds.
  await expect.poll(synced, { interval: 25, timeout: 2_500 }).toBeGreaterThan(0);
});

test.each([
  ['no journal', ''],
  ['half a journal', '{"digest":'],
  ['the journal of another blob', '{"digest":"sha256:0","sizeBytes":1,"syncedBytes":9,"bootId":"x"}'],
])('a part with %s is worth nothing', async (_, text) => {
  const path = await folderPath();
  const cache = await openBlobCache(path);
  await leavePart(cache, large.subarray(0, 400_000));
  await writeFile(join(path, 'partial', `${hexOf(large)}.json`), text);
  await using partial = await cache.download(blobOf(large));
  expect(partial?.sizeBytes()).toBe(0);
});

test('a second download waits for the first, and has its result or goes on with its part', async () => {
  const path = await folderPath();
  const cache = await openBlobCache(path);
  const other = await openBlobCache(path);
  const partial = await cache.download(blobOf(large));
  const waiting = other.download(blobOf(large));
  await partial?.append(large);
  await partial?.finish();
  expect(await waiting).toBeUndefined();

  const failing = await cache.download(blobOf(first));
  const next = other.download(blobOf(first));
  await failing?.abandon(new Failure('Transient', 'test'));
  await using taken = await next;
  expect(taken?.sizeBytes()).toBe(0);
});

test('waiting for another is cancelled', async () => {
  const cache = await openBlobCache(await folderPath());
  await using _ = await cache.download(blobOf(first));
  const stop = new AbortController();
  const waiting = cache.download(blobOf(first), stop.signal);
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'Cancelled' });
});

test('a dead process keeps no lock, and one of many gets it', async () => {
  const path = `${await folderPath()}.lock`;
  for (const text of [JSON.stringify(await deadOwner()), '', '{}']) {
    await writeFile(path, text);
    const taken = await Promise.all(Array.from({ length: 20 }, () => takeLock(path)));
    const [held, ...others] = taken.filter((lock) => lock !== undefined);
    expect(others).toEqual([]);
    expect(await held?.isHeld()).toBe(true);
    await held?.release();
    expect(await held?.isHeld()).toBe(false);
  }
});

test('the oldest that nobody has pinned make room', async () => {
  const cache = await openBlobCache(await folderPath(), { limitBytes: 2_500 });
  const blobPath = (bytes: Buffer): string => join(cache.folderPath, 'blobs', 'sha256', hexOf(bytes));
  await add(cache, first);
  await add(cache, second);
  await utimes(blobPath(first), 1, 1);
  {
    await using _pin = await cache.pin([blobOf(first).digest]);
    await add(cache, third);
    expect(await readdir(join(cache.folderPath, 'blobs', 'sha256'))).toEqual(
      [hexOf(first), hexOf(third)].sort(),
    );
    await using _pinToo = await cache.pin([blobOf(third).digest]);
    await expect(cache.download(blobOf(second))).rejects.toMatchObject({
      code: 'NoSpace',
      message: expect.stringContaining('limited to 2500 bytes, and 500 more'),
    });
  }
  await add(cache, second);
  expect(await cache.has(blobOf(first).digest)).toBe(false);
});

test('cleaned of what is neither kept, nor pinned, nor being downloaded', async () => {
  const path = await folderPath();
  const cache = await openBlobCache(path);
  for (const bytes of [first, second, third]) await add(cache, bytes);
  await leavePart(cache, large.subarray(0, 300_000));
  const pin = await cache.pin([blobOf(second).digest]);
  await writeFile(
    join(path, 'pins', '0.json'),
    JSON.stringify({ ...(await deadOwner()), digests: [blobOf(third).digest] }),
  );
  const running = await cache.download(blobOf(large));
  expect(await cache.clean(new Set([blobOf(first).digest]))).toEqual({ freedBytes: 1_000 });
  expect(await readdir(join(path, 'blobs', 'sha256'))).toEqual([hexOf(first), hexOf(second)].sort());
  await running?.[Symbol.asyncDispose]();
  await pin[Symbol.asyncDispose]();
  const { freedBytes } = await cache.clean(new Set());
  expect(freedBytes).toBeGreaterThan(302_000);
  expect(await readdir(join(path, 'blobs', 'sha256'))).toEqual([]);
  expect(await readdir(join(path, 'partial'))).toEqual([]);
  expect(await readdir(join(path, 'pins'))).toEqual([]);
});
