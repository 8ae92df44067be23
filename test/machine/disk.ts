import { constants, existsSync } from 'node:fs';
import { copyFile, glob, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLine, runProgram } from '../../src/system/run-program.ts';
import { cacheFolder } from '../host/root.ts';
import { type Image, writeLayout } from '../support/image.ts';
import { builtRoot } from './root.ts';

export interface Disk extends AsyncDisposable {
  readonly path: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** Another disk with the same content. No machine may have this one. */
  copy(): Promise<Disk>;
}

const project = join(import.meta.dirname, '..', '..');
const prepareLimitMs = 300_000;

/**
 * A disk with the packages of rpm/dist installed, and a registry on 127.0.0.1:5000 that has the images of `pushed`, by reference.
 * `127.0.0.1:5000/os:latest` is deployed. Those of `kept` lie in the OCI layout /var/lib/machine-tests/images, by name.
 */
export async function makeDisk(images: {
  readonly pushed: Readonly<Record<string, Image>>;
  readonly kept: Readonly<Record<string, Image>>;
}): Promise<Disk> {
  const rootPath = await builtRoot();
  await mkdir(cacheFolder, { recursive: true });
  await removeLeftovers();
  const work = await ownFolder();
  const layout = join(work, 'images');
  try {
    const lines: string[] = [];
    for (const [index, [reference, image]] of Object.entries(images.pushed).entries()) {
      await writeLayout(layout, `pushed-${index}`, image);
      lines.push(`pushed-${index} ${reference}\n`);
    }
    for (const [name, image] of Object.entries(images.kept)) await writeLayout(layout, name, image);
    await writeFile(join(layout, 'pushed'), lines.join(''));
    const disk = await newDisk(rootPath);
    const script = join(import.meta.dirname, 'prepare.sh');
    const packages = join(project, 'rpm', 'dist');
    const argv = ['--mount', '--net', '--pid', '--fork', '--kill-child', 'sh', script];
    const paths = [rootPath, work, disk.path, process.execPath, project, packages, layout];
    const { exitCode, stderr } = await runProgram('unshare', [...argv, ...paths], {
      limitMs: prepareLimitMs,
    });
    if (exitCode !== 0) throw new Error(`the disk cannot be made: ${lastLine(stderr)}\n${stderr}`);
    return disk;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function newDisk(rootPath: string): Promise<Disk> {
  const folder = await ownFolder();
  const path = join(folder, 'disk.img');
  const [kernelPath = ''] = await found(join(rootPath, 'boot', 'vmlinuz-*'));
  const [initrdPath = ''] = await found(join(rootPath, 'boot', 'initrd.img-*'));
  return {
    path,
    kernelPath,
    initrdPath,
    copy: async () => {
      const other = await newDisk(rootPath);
      await copyFile(path, other.path, constants.COPYFILE_FICLONE);
      return other;
    },
    [Symbol.asyncDispose]: async () => rm(folder, { recursive: true, force: true }),
  };
}

/** Named after us, so that the next run knows what a killed one has left. */
async function ownFolder(): Promise<string> {
  return mkdtemp(join(cacheFolder, `disk-of-${process.pid}-`));
}

async function removeLeftovers(): Promise<void> {
  for (const folder of await found(join(cacheFolder, 'disk-of-*'))) {
    const [, pid = ''] = /disk-of-(\d+)-[^/]*$/.exec(folder) ?? [];
    if (!existsSync(`/proc/${pid}`)) await rm(folder, { recursive: true, force: true });
  }
}

async function found(pattern: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const path of glob(pattern)) paths.push(path);
  return paths;
}
