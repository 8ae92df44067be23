import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Failure } from '../model/failure.ts';
import type { StoredLayer } from '../model/inventory.ts';
import { imagesFolder, layerFolder, layersFolder } from './layout.ts';
import { type ImageRecord, parseImages } from './parse-images.ts';
import { parseLayers } from './parse-layers.ts';
import { damaged, readFailure } from './store-failure.ts';

/** What a store's files say and which folders are there, all of one moment. */
export interface Records {
  readonly images: readonly ImageRecord[];
  /** By image id: the files of its data items. */
  readonly bigDataFiles: ReadonlyMap<string, readonly string[]>;
  readonly layers: readonly Omit<StoredLayer, 'folderMissing'>[];
  /** Layer ids; undefined where the driver has no folder a layer. */
  readonly layerFolders: ReadonlySet<string> | undefined;
}

/** 100,000 images take about 200 MB. */
const fileLimitBytes = 256 * 1024 * 1024;

/** Together some two seconds: an import writes its records several times, then works long on a layer. */
const triesMax = 20;
const delayLimitMs = 100;

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
    if (tries > 0) await setTimeout(Math.min(2 ** tries, delayLimitMs));
    if (signal?.aborted) throw new Failure('Cancelled', `cancelled while ${storePath} was read`);
    const before = stampsOf(files);
    let records: Records | Failure;
    try {
      records = readOnce(storePath, driver, files);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      records = error;
    }
    if (stampsOf(files) !== before) continue;
    if (records instanceof Failure) throw records;
    return records;
  }
  throw new Failure(
    'Transient',
    `${storePath}: it changed each time it was read; try again when less is written to it`,
  );
}

// All of it synchronous: through the thread pool a thousand images take twice as long, and more can change meanwhile.

function readOnce(
  storePath: string,
  driver: string,
  [imagesFile, layersFile, volatileFile]: readonly [string, string, string],
): Records {
  const imagesText = readLimited(imagesFile);
  const layersText = readLimited(layersFile);
  const volatileText = readLimited(volatileFile);
  const images = imagesText === undefined ? [] : parseImages(imagesText, imagesFile);
  const imagesPath = join(storePath, imagesFolder(driver));
  const folder = layerFolder(driver);
  return {
    images,
    bigDataFiles: new Map(images.map(({ id }) => [id, list(`${imagesPath}/${id}`)])),
    layers: [
      ...(layersText === undefined ? [] : parseLayers(layersText, layersFile)),
      ...(volatileText === undefined ? [] : parseLayers(volatileText, volatileFile)),
    ],
    layerFolders: folder === undefined ? undefined : new Set(list(join(storePath, folder))),
  };
}

function list(folder: string): string[] {
  return unlessGone(folder, () => readdirSync(folder)) ?? [];
}

function readLimited(file: string): string | undefined {
  return unlessGone(file, () => {
    const { size } = statSync(file);
    if (size > fileLimitBytes) throw damaged(file, `it is larger than ${fileLimitBytes} bytes`);
    return readFileSync(file, 'utf8');
  });
}

function unlessGone<Result>(path: string, read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failure) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw readFailure(error, path);
  }
}

function stampsOf(files: readonly string[]): string {
  const stamps = files.map((file) => {
    const stats = unlessGone(file, () => statSync(file, { bigint: true }));
    return stats === undefined ? 'none' : `${stats.ino}.${stats.mtimeNs}.${stats.size}`;
  });
  return stamps.join(' ');
}
