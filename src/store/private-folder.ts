import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A new folder of mode 0700 below `parentPath`, which is made where it is not there; removed with all in it on disposal. */
export async function privateFolder(
  parentPath: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  await mkdir(parentPath, { recursive: true, mode: 0o700 });
  const path = await mkdtemp(join(parentPath, 'bound-images-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
