import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { asFailure } from '../model/failure.ts';

/**
 * Sets the store's list of images aside where it is damaged: until it is gone nobody can read the store, podman and skopeo neither.
 * The layers and their list stay, so that the images come back by being imported again, almost without a byte.
 * @param error what reading the store has thrown
 * @returns where the list is now; undefined where the error is about something else
 */
export async function setAsideRecords(storePath: string, error: unknown): Promise<string | undefined> {
  const { code, message } = asFailure(error);
  const file = join(storePath, 'overlay-images', 'images.json');
  if (code !== 'StoreDamaged' || !message.startsWith(`${file}: `)) return undefined;
  const aside = `${file}.damaged-${Date.now()}`;
  await rename(file, aside);
  return aside;
}
