import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, link, lstat, mkdir, mkdtemp, open, readFile, rename, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Failure } from '../model/failure.ts';
import type { ContentPlace } from './image-tree.ts';
import type { Selection } from './select-paths.ts';
import { makeFolder } from '../system/make-folder.ts';

/** A folder that files are being written into: aside at first, so that what is not whole and checked never has its name. */
export interface Placement extends AsyncDisposable {
  /** On the same file system; goes away at the end, with what is in it. */
  readonly asidePath: string;
  /** @throws Failure `NoSpace`, and what the pieces throw */
  stage(content: ContentPlace, pieces: AsyncIterable<Uint8Array>): Promise<void>;
  /** What was staged. */
  read(content: ContentPlace): Promise<Buffer>;
  sha256(content: ContentPlace): Promise<string>;
  /** Refuses what cannot be placed, before anything is: a folder where a file is to be, or the reverse. @throws Failure `Usage` */
  check(selection: Selection): Promise<void>;
  /** Puts everything in its place. What had its name before is replaced. */
  place(selection: Selection): Promise<void>;
}

/** setuid and setgid mean nothing for files that belong to whoever writes them here. */
const modeMask = 0o1777;

/**
 * Nothing is written but below the folder: every path is one of the selection, without links or `..`, and its folders are made, or
 * found to be folders and no links, before it. Whoever else may write in the folder meanwhile is trusted.
 */
export async function openPlacement(folder: string): Promise<Placement> {
  const folderPath = resolve(folder);
  await makeFolder(folderPath);
  const asidePath = await mkdtemp(join(folderPath, '.bound-images-'));
  const stagedPath = ({ layer, entry }: ContentPlace): string => join(asidePath, `${layer}-${entry}`);
  const target = (path: string): string => join(folderPath, path);

  const isFolder = async (path: string): Promise<boolean | undefined> => {
    try {
      return (await lstat(path)).isDirectory();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  };

  return {
    asidePath,
    async stage(content, pieces) {
      const file = await open(stagedPath(content), 'wx', 0o600);
      try {
        for await (const piece of pieces) await file.writeFile(piece);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        throw new Failure('NoSpace', `the file system of ${folderPath} is full`, { cause: error });
      } finally {
        await file.close();
      }
    },
    read: (content) => readFile(stagedPath(content)),
    async sha256(content) {
      const running = createHash('sha256');
      for await (const piece of createReadStream(stagedPath(content))) running.update(piece as Buffer);
      return running.digest('hex');
    },
    async check({ folders, files, links }) {
      const refuse = (path: string, what: string): never => {
        throw new Failure(
          'Usage',
          `${target(path)} is there and ${what}: remove it, or name another folder with --to`,
        );
      };
      for (const path of folders.keys())
        if ((await isFolder(target(path))) === false) refuse(path, 'is no folder, as it is in the image');
      for (const path of [...files.keys(), ...links.keys()])
        if ((await isFolder(target(path))) === true) refuse(path, 'is a folder, as it is not in the image');
    },
    async place({ folders, files, links }) {
      for (const path of folders.keys()) {
        // A link or a file in its place makes this fail, and a folder that is there is taken.
        if ((await isFolder(target(path))) !== true) await mkdir(target(path));
      }
      const placed = new Map<string, string>();
      for (const [path, { content, mode }] of files) {
        const staged = stagedPath(content);
        const first = placed.get(staged);
        if (first === undefined) {
          await chmod(staged, mode & modeMask);
          await rename(staged, target(path));
          placed.set(staged, target(path));
        } else {
          await link(first, staged);
          await rename(staged, target(path));
          // Where both were one file already, rename(2) does nothing.
          await rm(staged, { force: true });
        }
      }
      const aside = join(asidePath, 'link');
      for (const [path, to] of links) {
        await symlink(to, aside);
        await rename(aside, target(path));
      }
      // Last, and the innermost first: a folder may be one that its owner cannot write to.
      for (const [path, mode] of [...folders].reverse()) await chmod(target(path), mode & modeMask);
    },
    [Symbol.asyncDispose]: () => rm(asidePath, { recursive: true, force: true }),
  };
}
