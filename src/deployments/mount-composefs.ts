import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../model/failure.ts';
import { lastLine, runProgram } from '../system/run-program.ts';

/** Makes the tree of a composefs image readable. @returns the folder where it is, until it is unmounted @throws Failure */
export type MountImage = (imagePath: string, objectsPath: string, verity: string) => Promise<string>;

const limitMs = 30_000;

/**
 * Mounts images of composefs below a folder, read-only, with the kernel's erofs and overlay alone: the image has the tree, and files
 * that are too large for it by redirects into the objects, a data-only lower layer (kernel, overlayfs.rst, "Data-only lower layers").
 * A mount that is there is used again. Meant for a process with a mount namespace of its own, with which the mounts go away.
 */
export function mountBelow(folder: string): MountImage {
  return async (imagePath, objectsPath, verity) => {
    const image = join(folder, `${verity}.image`);
    const tree = join(folder, verity);
    await mkdir(image, { recursive: true });
    await mkdir(tree, { recursive: true });
    if (!(await isMountPoint(folder, image)))
      await mount('erofs', imagePath, 'ro,nosuid,nodev,noexec', image);
    const layers = `ro,nosuid,nodev,noexec,metacopy=on,redirect_dir=follow,lowerdir=${image}::${objectsPath}`;
    if (!(await isMountPoint(folder, tree))) await mount('overlay', 'overlay', layers, tree);
    return tree;
  };
}

async function isMountPoint(parent: string, path: string): Promise<boolean> {
  const [above, here] = await Promise.all([stat(parent), stat(path)]);
  return above.dev !== here.dev;
}

async function mount(type: string, source: string, options: string, path: string): Promise<void> {
  const argv = ['--types', type, '--options', options, '--', source, path];
  const { exitCode, stderr } = await runProgram('mount', argv, { limitMs });
  if (exitCode !== 0)
    throw new Failure('ProgramFailed', `${source} could not be mounted: ${lastLine(stderr)}`);
}
