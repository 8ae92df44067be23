import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

// What skopeo 1.18 wrote on Debian 13 from a docker-registry: `app/a:1`; `app/b:1` by its digest; and `app/a` again by the digest of
// an index, so that one image has two names. Layers' contents are left out. A vfs store with `a` alone stands beside it.

export const baseLayer = '0a8defa5909e9fb467d797042d18c73820c93f5b9d7ca29c39893ebb65a15562';
export const layerOfA = '5b7dde3653131f7b4f3d5eebf619e6086011e4ec9886bf0eb5f4c3e5e5b803ac';
export const layerOfB = '4e242383dc183da61d6b122a27eef14fb8016d28f23e44ad8dcf5a45b64283ee';
export const idOfA = '544fddd0d2daf06f28f322433acb2273abf0c0e4760f8f042188b0857a27a3fc';
export const idOfB = '39c62aec790013000a41e8c94b95454f5c55adeee8980d81a818436dbbea25db';
export const manifestOfA = 'sha256:f16a61e6ccfe1453873edec535d90864aec050054f52165b8fc7a1131502bc8c';
export const manifestOfB = 'sha256:1ea713d24c631857d11d7c6f7a13bcb8c0e00a7fb50015da0d6d7f06c0938fc3';
export const indexOfA = 'sha256:1c2c4d6240f7cc7b2bf0026fc55d78dacfd63dad9f4b273309a3f79a4dbc43a1';
export const nameOfB = `registry.test/app/b:1@${manifestOfB}`;

const layerFolders = { overlay: (id: string) => `overlay/${id}/diff`, vfs: (id: string) => `vfs/dir/${id}` };

/** A copy of a golden store at `storePath`, with the layers' folders, which git does not keep. */
export async function goldenStore(
  storePath: string,
  driver: keyof typeof layerFolders = 'overlay',
): Promise<void> {
  await cp(join(import.meta.dirname, 'golden', driver), storePath, { recursive: true });
  for (const { id } of await records(join(storePath, `${driver}-layers`, 'layers.json')))
    await mkdir(join(storePath, layerFolders[driver](id)), { recursive: true });
}

export async function records(file: string): Promise<({ id: string } & Record<string, unknown>)[]> {
  return JSON.parse(await readFile(file, 'utf8'));
}

/** Changes fields of one record of images.json or layers.json. */
export async function changeRecord(file: string, id: string, fields: Record<string, unknown>): Promise<void> {
  const changed = (await records(file)).map((record) =>
    record.id === id ? { ...record, ...fields } : record,
  );
  await writeFile(file, JSON.stringify(changed));
}
