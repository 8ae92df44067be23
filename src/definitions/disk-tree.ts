import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Dirent,
  type Stats,
} from 'node:fs';
import { posix } from 'node:path';
import { Failure } from '../model/failure.ts';
import type { ListedEntry, Listing, Tree, TreeEntry } from '../model/tree.ts';

/**
 * The files below a folder on disk. Links are shown, never followed: what is opened is opened without following its last
 * component, and the kernel is then asked what was opened, so that a folder exchanged for a link meanwhile leads nowhere.
 *
 * The calls are synchronous: they are small reads of a local disk, and a thousand definitions take a few ms like this
 * and ten times that through libuv's threads.
 * @throws Failure `BadContent` where something cannot be read.
 */
export function diskTree(rootPath: string): Tree {
  const root = realpathSync(rootPath);
  const above = root === '/' ? '' : root;
  // Without a slash at its end, as the kernel names what is open, and never above the root.
  const hostPath = (path: string): string => {
    if (path === '/') return root;
    return above + (/^(?:\/(?!\.{0,2}(?:\/|$))[^/]*)+$/.test(path) ? path : posix.resolve('/', path));
  };
  return {
    lstat: async (path) => entryAt(hostPath(path), path),
    list: async (path) =>
      withOpen(hostPath(path), path, constants.O_DIRECTORY, (fd) => listFolder(fd, hostPath(path))),
    read: async (path, limitBytes) =>
      withOpen(hostPath(path), path, 0, (fd) => readFile(fd, path, limitBytes)),
  };
}

function entryAt(hostPath: string, path: string): TreeEntry | undefined {
  try {
    const stats = lstatSync(hostPath, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    if (!stats.isSymbolicLink()) return entryOf(stats);
    return { kind: 'link', target: readlinkSync(hostPath) };
  } catch (error) {
    // EINVAL: no link any more when it was to be read.
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL'].includes(codeOf(error))) return undefined;
    throw unreadable(path, error);
  }
}

function entryOf(stats: Stats): TreeEntry {
  if (stats.isFile()) return { kind: 'file', sizeBytes: stats.size };
  return { kind: stats.isDirectory() ? 'folder' : 'other' };
}

function withOpen<T>(hostPath: string, path: string, flags: number, use: (fd: number) => T): T {
  let fd: number | undefined;
  try {
    // O_NONBLOCK: to open a pipe without it waits for a writer.
    fd = openSync(hostPath, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | flags);
    if (readlinkSync(`/proc/self/fd/${fd}`) !== hostPath)
      throw new Failure('BadContent', `${path} was exchanged for something else while it was read`);
    return use(fd);
  } catch (error) {
    throw error instanceof Failure ? error : unreadable(path, error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function listFolder(fd: number, hostPath: string): Listing {
  const names: string[] = [];
  const entries = new Map<string, ListedEntry>();
  for (const entry of readdirSync(`/proc/self/fd/${fd}`, { withFileTypes: true })) {
    // Only such a name can have had bytes that are not UTF-8; each name for itself as bytes takes twice as long.
    if (entry.name.includes('\ufffd')) return { ...listBytes(fd), entries: new Map() };
    names.push(entry.name);
    const listed = listedEntry(entry, `${hostPath}/${entry.name}`);
    if (listed !== undefined) entries.set(entry.name, listed);
  }
  return { names: names.sort(), undecodable: [], entries };
}

function listBytes(fd: number): Pick<Listing, 'names' | 'undecodable'> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const names: string[] = [];
  const undecodable: string[] = [];
  for (const bytes of readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' })) {
    try {
      names.push(decoder.decode(bytes));
    } catch {
      const name = bytes.toString('latin1').replace(/[^ -~]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
      names.push(name);
      undecodable.push(name);
    }
  }
  return { names: names.sort(), undecodable: undecodable.sort() };
}

/** Undefined where it is no link any more. */
function listedEntry(entry: Dirent, hostPath: string): ListedEntry | undefined {
  if (entry.isFile()) return { kind: 'file' };
  if (!entry.isSymbolicLink()) return { kind: entry.isDirectory() ? 'folder' : 'other' };
  try {
    return { kind: 'link', target: readlinkSync(hostPath) };
  } catch {
    return undefined;
  }
}

function readFile(fd: number, path: string, limitBytes: number): Buffer {
  const stats = fstatSync(fd);
  if (!stats.isFile()) throw new Failure('BadContent', `${path} is not a regular file`);
  if (stats.size > limitBytes) throw tooLarge(path, limitBytes);
  // One byte more than it had: it may be growing.
  const bytes = Buffer.allocUnsafe(stats.size + 1);
  let length = 0;
  for (let taken = -1; taken !== 0 && length !== stats.size && length < bytes.length; length += taken)
    taken = readSync(fd, bytes, length, bytes.length - length, null);
  if (length > stats.size) throw new Failure('BadContent', `${path} grew while it was read`);
  return bytes.subarray(0, length);
}

function tooLarge(path: string, limitBytes: number): Failure {
  return new Failure('BadContent', `${path} is larger than ${limitBytes} bytes`);
}

function unreadable(path: string, error: unknown): Failure {
  return new Failure('BadContent', `${path} cannot be read: ${codeOf(error)}`, { cause: error });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
