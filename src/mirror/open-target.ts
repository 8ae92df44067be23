import { access, constants, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unpackLayout } from '../bundle/layout-archive.ts';
import { makeLayout } from '../bundle/layout-blobs.ts';
import { indexType, setsOf } from '../bundle/layout-index.ts';
import { folderFiles } from '../contents/blob-files.ts';
import { takeLock } from '../fetch/lock-file.ts';
import { Failure } from '../model/failure.ts';
import type { Reference } from '../model/reference.ts';
import { defaultLimits } from '../registry/limits.ts';
import { parseManifest } from '../registry/parse-manifest.ts';
import { digestOf } from '../registry/verify-body.ts';
import { originalReference } from '../prefetch/import-from-layout.ts';
import type { MirrorTarget } from './target.ts';
import { makeFolder } from '../system/make-folder.ts';

/**
 * Locks the layout that a set is gathered in, made where it is not there; the lock of one that a kill ended is none.
 * @throws Failure `Busy`, `Usage` for a tag of another OS, `BadConfiguration` for a file system that has no hard links
 */
export async function openTarget(
  target: MirrorTarget,
  layoutPath: string,
  tag: string,
  reference: Reference,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  const isThere = (path: string): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    );
  if (target.kind === 'archive' && !(await isThere(layoutPath)) && (await isThere(target.path)))
    await unpackLayout(target.path, layoutPath, signal);
  await checkFolder(layoutPath);
  if (target.kind === 'archive') await checkFolder(dirname(target.path));
  await makeLayout(layoutPath);
  const lock = await takeLock(join(layoutPath, '.lock')).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error;
    throw new Failure(
      'BadConfiguration',
      `${layoutPath}: its file system has no hard links; use ext4 or xfs, or write one file with oci-archive:`,
    );
  });
  if (lock === undefined)
    throw new Failure('Busy', `another run mirrors to ${target.name}; wait for it to end`);
  try {
    if (target.kind !== 'registry') await checkTag(layoutPath, target.name, tag, reference);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    [Symbol.asyncDispose]: () => lock.release(),
  };
}

/** Made where it is not there. Checked before anything is fetched for it. @throws Failure `BadConfiguration` */
async function checkFolder(path: string): Promise<void> {
  try {
    await makeFolder(path);
    await access(path, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure(
      'BadConfiguration',
      `${path}: cannot be made or written (${code}); give another folder`,
      {
        cause: error,
      },
    );
  }
}

/** A tag of another OS would be taken from it. @throws Failure `Usage` */
async function checkTag(
  layoutPath: string,
  name: string,
  tag: string,
  { domain, path }: Reference,
): Promise<void> {
  const bytes = await folderFiles(layoutPath).read('index.json', defaultLimits.manifestBytes);
  const index = parseManifest(bytes, digestOf(bytes, undefined), indexType, `${name}, index.json`);
  const there =
    index.kind === 'index' ? setsOf(index.index.manifests).find((set) => set.tag === tag) : undefined;
  if (there === undefined) return;
  const { domain: otherDomain, path: otherPath } = originalReference(there, name);
  if (otherDomain === domain && otherPath === path) return;
  throw new Failure('Usage', `${name} has ${tag} of ${otherDomain}/${otherPath} already: give another --tag`);
}
