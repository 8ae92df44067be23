import { join } from 'node:path';
import type { Inventory, StoredImage, StoredLayer } from '../model/inventory.ts';
import { bigDataFile, findDriver, imagesFolder, layersFolder } from './layout.ts';
import type { ImageRecord } from './parse-images.ts';
import { type Records, readRecords } from './read-records.ts';
import { damaged } from './store-failure.ts';

/** The overlay driver stops at 500. */
const depthMax = 1000;

/**
 * What a store holds, read from c/storage's own files without podman: some milliseconds for a thousand images. The files look the
 * same under each driver, so one that is not known is read too; only whether its layers' folders are there is then not checked.
 * A store that is not there, or empty, has the driver '' and no images.
 * @throws Failure `StoreDamaged` naming the file, `StoreUnknown` where it may not be read or is no folder, `Transient`, `Cancelled`
 */
export async function readInventory(
  storePath: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Inventory> {
  const driver = await findDriver(storePath);
  if (driver === '') return { storePath, driver, images: [], layers: new Map() };
  const records = await readRecords(storePath, driver, signal);
  const layers = layersById(records, join(storePath, layersFolder(driver)));
  const file = join(storePath, imagesFolder(driver), 'images.json');
  const images = records.images.map((image) => storedImage(image, layers, records.bigDataFiles, file));
  return { storePath, driver, images, layers };
}

function layersById({ layers, layerFolders }: Records, folder: string): Map<string, StoredLayer> {
  const byId = new Map<string, StoredLayer>();
  for (const layer of layers) {
    if (byId.has(layer.id)) throw damaged(folder, `the layer ${layer.id} is in two of its files`);
    byId.set(layer.id, { ...layer, folderMissing: layerFolders?.has(layer.id) === false });
  }
  return byId;
}

function storedImage(
  { id, names, digests, topLayer, bigDataKeys, createdUs }: ImageRecord,
  layersById: ReadonlyMap<string, StoredLayer>,
  bigDataFiles: Records['bigDataFiles'],
  file: string,
): StoredImage {
  const { layers, unknown } = chain(topLayer, layersById, `${file}: image ${id}`);
  const missing = [
    ...(unknown === undefined ? [] : [`layer ${unknown}: not recorded`]),
    ...layers.flatMap(whyUnusable),
    ...missingData(bigDataKeys, bigDataFiles.get(id) ?? []),
  ];
  return { id, names, digests, layers, missing, createdUs };
}

/** From the top layer down to the base, then turned round. `unknown` is the id where it breaks off. */
function chain(
  topLayer: string | undefined,
  byId: ReadonlyMap<string, StoredLayer>,
  what: string,
): { layers: StoredLayer[]; unknown?: string } {
  const layers: StoredLayer[] = [];
  for (let id = topLayer; id !== undefined;) {
    const layer = byId.get(id);
    if (layer === undefined) return { layers: layers.reverse(), unknown: id };
    layers.push(layer);
    if (layers.length > depthMax)
      throw damaged(what, `its layers' parents go in a circle, or are more than ${depthMax}`);
    id = layer.parent;
  }
  return { layers: layers.reverse() };
}

function whyUnusable({ id, incomplete, folderMissing }: StoredLayer): string[] {
  if (incomplete) return [`layer ${id}: its write did not end`];
  return folderMissing ? [`layer ${id}: its folder is gone`] : [];
}

/** c/image keeps an image's manifest under `manifest` and its config under the config's digest (image/storage_image.go). */
function missingData(keys: readonly string[], files: readonly string[]): string[] {
  const gone = keys
    .filter((key) => !files.includes(bigDataFile(key)))
    .map((key) => `data ${key}: its file is gone`);
  const unrecorded = [
    ...(keys.includes('manifest') ? [] : ['manifest: not recorded']),
    ...(keys.some((key) => /^sha(?:256|512):/.test(key)) ? [] : ['config: not recorded']),
  ];
  return [...unrecorded, ...gone];
}
