import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Failure } from '../model/failure.ts';
import { containersStorePath } from '../prefetch/containers-store.ts';
import { containersInUse } from '../store/containers-in-use.ts';

/**
 * Sets a store's records aside where they are damaged: until they are gone nobody can read the store, podman and skopeo neither. The
 * layers' folders stay. Where the list of layers does too, images come back by being imported again, almost without a byte; where it
 * does not, they are fetched again, and each layer's folder is written anew: so not while a container runs from one.
 * @param unreadable what reading the store has given
 * @returns where the records are now; nothing where they have to stay, or it is about something else
 * @throws Failure of reading which containers there are
 */
export async function setAsideRecords(
  storePath: string,
  { code, message }: Failure,
): Promise<readonly string[]> {
  const isAbout = (file: string): boolean => code === 'StoreDamaged' && message.startsWith(`${file}: `);
  const images = join(storePath, 'overlay-images', 'images.json');
  if (isAbout(images)) return moveAside([images]);
  const layers = ['layers.json', 'volatile-layers.json'].map((name) =>
    join(storePath, 'overlay-layers', name),
  );
  // An image without the records of its layers would be no use to anybody.
  return layers.some(isAbout) && !(await isStoodOn()) ? moveAside([images, ...layers]) : [];
}

/** On which layer of this store nobody can tell without its list: on any that is not of the containers' own store. */
async function isStoodOn(): Promise<boolean> {
  const own = containersStorePath();
  const { layers } = await containersInUse(own);
  return [...layers.keys()].some((id) => !existsSync(join(own, 'overlay', id)));
}

async function moveAside(files: readonly string[]): Promise<readonly string[]> {
  const moved: string[] = [];
  for (const file of files.filter((path) => existsSync(path))) {
    const aside = `${file}.damaged-${Date.now()}`;
    await rename(file, aside);
    moved.push(aside);
  }
  return moved;
}
