import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { asDigest, type Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import { algorithms, type CachePaths } from './cache-paths.ts';
import { isLocked } from './lock-file.ts';
import { readPins } from './pins.ts';

interface FoundFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly changedMs: number;
  /** Undefined for a file that is none of a blob's. */
  readonly digest: Digest | undefined;
}

/**
 * Removes blobs that no process has pinned, the oldest first, until `neededBytes` more keep the cache within its limit.
 * @throws Failure `NoSpace` where that cannot be
 */
export async function makeRoom(paths: CachePaths, limitBytes: number, neededBytes: number): Promise<void> {
  if (limitBytes === Infinity) return;
  const finished = await listFinished(paths);
  const partial = (await listFiles(paths.partials, partialDigest)).filter(({ path }) =>
    isHex(basename(path)),
  );
  let usedBytes = sum(finished) + sum(partial) + neededBytes;
  if (usedBytes <= limitBytes) return;
  const pinned = await readPins(paths.pins);
  const old = finished.toSorted((a, b) => a.changedMs - b.changedMs);
  for (const { path, sizeBytes, digest } of old) {
    if (usedBytes <= limitBytes) return;
    if (digest !== undefined && pinned.has(digest)) continue;
    await rm(path, { force: true });
    usedBytes -= sizeBytes;
  }
  if (usedBytes > limitBytes)
    throw new Failure(
      'NoSpace',
      `the cache is limited to ${limitBytes} bytes, and ${usedBytes - limitBytes} more are needed; allow it more`,
    );
}

/**
 * Removes all that is neither kept, nor pinned, nor being downloaded, and was written before a moment (ms since the epoch), and what
 * was never of use.
 */
export async function cleanCache(
  paths: CachePaths,
  keep: ReadonlySet<Digest>,
  beforeMs: number,
): Promise<{ readonly freedBytes: number }> {
  const pinned = await readPins(paths.pins);
  let freedBytes = 0;
  for (const file of [...(await listFinished(paths)), ...(await listFiles(paths.partials, partialDigest))]) {
    const { digest, path, sizeBytes, changedMs } = file;
    if (changedMs > beforeMs && !isHalf(basename(path))) continue;
    if (digest !== undefined && (keep.has(digest) || pinned.has(digest))) continue;
    if (digest !== undefined && (await isLocked(paths.of(digest).lock))) continue;
    await rm(path, { force: true });
    freedBytes += sizeBytes;
  }
  return { freedBytes };
}

async function listFinished(paths: CachePaths): Promise<readonly FoundFile[]> {
  const lists = algorithms.map((algorithm) =>
    listFiles(paths.blobs(algorithm), (name) => asDigest(`${algorithm}:${name}`)),
  );
  return (await Promise.all(lists)).flat();
}

/** Also of what lies beside a partial file: its journal, its lock, and what a killed writer of those left. */
function partialDigest(name: string): Digest | undefined {
  const [hex = ''] = /[0-9a-f]{64,}/.exec(name) ?? [];
  return asDigest(`sha256:${hex}`) ?? asDigest(`sha512:${hex}`);
}

/** A journal that a killed process was writing: nobody goes on with it. */
const isHalf = (name: string): boolean => /^\.[0-9a-f]+\.json\./.test(name);
const isHex = (name: string): boolean => /^[0-9a-f]+$/.test(name);

async function listFiles(
  folderPath: string,
  digestOf: (name: string) => Digest | undefined,
): Promise<readonly FoundFile[]> {
  const names = await readdir(folderPath).catch(() => []);
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folderPath, name);
      const found = await stat(path).catch(() => undefined);
      return found && { path, sizeBytes: found.size, changedMs: found.mtimeMs, digest: digestOf(name) };
    }),
  );
  return files.filter((file) => file !== undefined);
}

function sum(files: readonly FoundFile[]): number {
  return files.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
}
