import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../model/failure.ts';
import { findDriver, layersFolder } from './layout.ts';
import { parseLayers } from './parse-layers.ts';
import { parseRecords, type StoreRecord, textOf, textsOf } from './parse-records.ts';
import { damaged, readFailure } from './store-failure.ts';

/** What other stores stand on: ids of layers and images of any store, and who stands on each, for a person. */
export interface ContainersInUse {
  readonly layers: ReadonlyMap<string, string>;
  readonly images: ReadonlyMap<string, string>;
}

const fileLimitBytes = 256 * 1024 * 1024;
const triesMax = 5;

/**
 * What the containers of a store, running or not, stand on, in whichever store that is, and what its own images do: podman puts the
 * layers of what it pulls on those of an additional store. A store that is not there stands on nothing.
 * @param storePath `/var/lib/containers/storage`
 * @throws Failure `StoreDamaged`, `StoreUnknown`: then nothing is known, and nothing may be removed
 */
export async function containersInUse(storePath: string): Promise<ContainersInUse> {
  const driver = await findDriver(storePath);
  if (driver === '') return { layers: new Map(), images: new Map() };
  for (let tries = 1; ; tries += 1) {
    // Containers first, since c/storage records a container's layer before it and drops it after: a layer that is not there yet
    // would be one that a container of a moment ago has lost.
    const containers = (await Promise.all(files(`${driver}-containers`, 'containers').map(read))).flat();
    const layers = await Promise.all(
      files(layersFolder(driver), 'layers').map(async (file) => {
        const text = await readText(file);
        return text === undefined ? [] : parseLayers(text, file);
      }),
    );
    const parents = new Map(layers.flat().map(({ id, parent }) => [id, parent]));
    const lost = containers.find(({ layerId }) => !parents.has(layerId));
    if (lost === undefined || tries === triesMax) return standing(containers, parents);
  }

  function files(folder: string, kind: string): string[] {
    return [`${kind}.json`, `volatile-${kind}.json`].map((name) => join(storePath, folder, name));
  }
}

interface Container {
  readonly holder: string;
  readonly layerId: string;
  readonly imageId: string;
}

function standing(
  containers: readonly Container[],
  parents: ReadonlyMap<string, string | undefined>,
): ContainersInUse {
  const layers = new Map<string, string>();
  const claim = (from: string, holder: string): void => {
    // Ends at a circle as well: what is claimed is not walked again.
    for (let id: string | undefined = from; id !== undefined && !layers.has(id); id = parents.get(id))
      layers.set(id, holder);
  };
  for (const { holder, layerId } of containers) claim(layerId, holder);
  for (const id of parents.keys()) claim(id, 'an image of the containers on this host');
  return { layers, images: new Map(containers.map(({ imageId, holder }) => [imageId, holder])) };
}

/** `Container` of storage/containers.go. */
async function read(file: string): Promise<Container[]> {
  const text = await readText(file);
  return text === undefined ? [] : parseRecords(text, file).map(asContainer);
}

function asContainer(record: StoreRecord): Container {
  const [name = ''] = textsOf(record, 'names');
  const short = record.id.slice(0, 12);
  return {
    holder: name === '' ? `container ${short}` : `container ${name} (${short})`,
    layerId: textOf(record, 'layer') ?? '',
    imageId: textOf(record, 'image') ?? '',
  };
}

async function readText(file: string): Promise<string | undefined> {
  try {
    const { size } = await stat(file);
    if (size > fileLimitBytes) throw damaged(file, `it is larger than ${fileLimitBytes} bytes`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error instanceof Failure ? error : readFailure(error, file);
  }
}
