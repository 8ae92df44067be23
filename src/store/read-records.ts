import { readdirSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Failure } from '../model/failure.ts';
import type { StoredLayer } from '../model/inventory.ts';
import { imagesFolder, layerFolder, layersFolder, listFolder } from './layout.ts';
import { type ImageRecord, parseImages } from './parse-images.ts';
import { parseLayers } from './parse-layers.ts';
import { damaged, readFailure } from './store-failure.ts';

/** What a store's files say and which folders are there, all of one moment. */
export interface Records {
  readonly images: readonly ImageRecord[];
  /** By image id: the files of its data items. */
  readonly bigDataFiles: ReadonlyMap<string, ReadonlySet<string>>;
  readonly layers: readonly Omit<StoredLayer, 'folderMissing'>[];
  /** Layer ids; undefined where the driver has no folder a layer. */
  readonly layerFolders: ReadonlySet<string> | undefined;
}

/** 100,000 images take about 200 MB. */
const fileLimitBytes = 256 * 1024 * 1024;

const triesMax = 10;
const firstDelayMs = 5;

/**
 * Reads the records without c/storage's locks, which Node cannot take (fcntl(2)). c/storage renames whole files into place, and
 * records a removal before it removes: so what was read between two equal looks at the files was never half-written.
 * @throws Failure `StoreDamaged`, `StoreUnknown`, `Cancelled`, `Transient` where the store changes faster than it can be read
 */
export async function readRecords(
  storePath: string,
  driver: string,
  signal: AbortSignal | undefined,
): Promise<Records> {
  const files = [
    join(storePath, imagesFolder(driver), 'images.json'),
    join(storePath, layersFolder(driver), 'layers.json'),
    join(storePath, layersFolder(driver), 'volatile-layers.json'),
  ] as const;
  for (let tries = 0; tries < triesMax; tries += 1) {
    if (tries > 0) await setTimeout(firstDelayMs * 2 ** tries);
    if (signal?.aborted) throw new Failure('Cancelled', `cancelled while ${storePath} was read`);
    const before = await stampsOf(files);
    const records = await readOnce(storePath, driver, files).catch((error: unknown) => asReason(error));
    if ((await stampsOf(files)) !== before) continue;
    if (records instanceof Failure) throw records;
    return records;
  }
  throw new Failure(
    'Transient',
    `${storePath}: it changed each time it was read; try again when less is written to it`,
  );
}

async function readOnce(
  storePath: string,
  driver: string,
  [imagesFile, layersFile, volatileFile]: readonly [string, string, string],
): Promise<Records> {
  const [imagesText, layersText, volatileText] = await Promise.all(
    [imagesFile, layersFile, volatileFile].map(readLimited),
  );
  const images = imagesText === undefined ? [] : parseImages(imagesText, imagesFile);
  const folder = layerFolder(driver);
  return {
    images,
    bigDataFiles: new Map(
      images.map(({ id }) => [id, new Set(listNow(join(storePath, imagesFolder(driver), id)))]),
    ),
    layers: [
      ...(layersText === undefined ? [] : parseLayers(layersText, layersFile)),
      ...(volatileText === undefined ? [] : parseLayers(volatileText, volatileFile)),
    ],
    layerFolders: folder === undefined ? undefined : new Set(await listFolder(storePath, folder)),
  };
}

/** A parse that failed on a file which was replaced meanwhile is no news; anything but a Failure is. */
function asReason(error: unknown): Failure {
  if (error instanceof Failure) return error;
  throw error;
}

/** Synchronous: a thousand small folders take some 10 ms so, and three times as long through the thread pool. */
function listNow(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw readFailure(error, folder);
  }
}

async function readLimited(file: string): Promise<string | undefined> {
  try {
    const { size } = await stat(file);
    if (size > fileLimitBytes) throw damaged(file, `it is larger than ${fileLimitBytes} bytes`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Failure) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw readFailure(error, file);
  }
}

async function stampsOf(files: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    files.map(async (file) => {
      const stats = await stat(file, { bigint: true }).catch(() => undefined);
      return stats === undefined ? 'none' : `${stats.ino}.${stats.mtimeNs}.${stats.size}`;
    }),
  );
  return stamps.join(' ');
}
