import { readdirSync } from 'node:fs';
import { readFailure } from './store-failure.ts';

// Where containers-storage keeps things below a store: storage/store.go, storage/images.go and the drivers' `dir` functions.

/** In the order in which c/storage looks for the driver of a store that it finds. */
const knownDrivers = ['overlay', 'btrfs', 'zfs', 'vfs'];

const layerFolders: Readonly<Record<string, string>> = {
  overlay: 'overlay',
  btrfs: 'btrfs/subvolumes',
  vfs: 'vfs/dir',
};

/** The folder with one folder a layer. None for zfs, which mounts its datasets when they are used, and for drivers not known. */
export function layerFolder(driver: string): string | undefined {
  return Object.hasOwn(layerFolders, driver) ? layerFolders[driver] : undefined;
}

/** The folder with images.json and one folder an image. */
export function imagesFolder(driver: string): string {
  return `${driver}-images`;
}

/** The folder with layers.json and volatile-layers.json. */
export function layersFolder(driver: string): string {
  return `${driver}-layers`;
}

/** The file that keeps an image's data item `key`: makeBigDataBaseName of storage/store.go. */
export function bigDataFile(key: string): string {
  if (/^[.0-9a-z]+$/.test(key)) return key;
  // oxlint-disable-next-line no-control-regex -- what btoa takes as it is; Buffer takes all, and four times as long
  return `=${/^[\u0000-\u007f]*$/.test(key) ? btoa(key) : Buffer.from(key).toString('base64')}`;
}

/**
 * The driver that a store was written with; empty where nothing was. Several are there after a change of storage.conf: the one
 * that c/storage takes first counts.
 * @throws Failure `StoreUnknown`, `StoreDamaged`
 */
export async function findDriver(storePath: string): Promise<string> {
  const drivers = namesIn(storePath)
    .filter((name) => name.endsWith('-images'))
    .map((name) => name.slice(0, -'-images'.length))
    .sort();
  return knownDrivers.find((known) => drivers.includes(known)) ?? drivers[0] ?? '';
}

function namesIn(storePath: string): readonly string[] {
  try {
    return readdirSync(storePath);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw readFailure(error, storePath);
  }
}
