import { constants } from 'node:fs';
import { access, open, readFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { Failure } from '../model/failure.ts';
import type { Inventory, StoredLayer } from '../model/inventory.ts';
import { layerFolder, layersFolder } from './layout.ts';

/** Where a layer's tar can be put together again. */
export interface LayerPlace {
  /** Its files. */
  readonly folder: string;
  readonly splitFile: string;
  /** Whether the files have the modes that the tar has. */
  readonly modesKept: boolean;
}

/** One step of tar-split's JSON lines (vbatts/tar-split, tar/storage/entry.go): 1 stands for a file's content, 2 is bytes as they are. */
interface SplitEntry {
  readonly type: number;
  readonly name?: string;
  /** Base64 of a name that is not UTF-8. */
  readonly name_raw?: string;
  readonly size?: number;
  readonly payload?: string | null;
}

const lineLimitBytes = 64 * 2 ** 20;
const pieceBytes = 256 * 2 ** 10;

/** Where a layer's tar is, or why it cannot be put together though nothing is wrong with it. */
export async function layerPlace(
  { storePath, driver }: Inventory,
  { id }: StoredLayer,
): Promise<LayerPlace | { readonly unchecked: string }> {
  const layers = layerFolder(driver);
  if (layers === undefined) return { unchecked: `the driver ${driver} keeps no folder a layer` };
  const isOverlay = driver === 'overlay';
  const layer = join(storePath, layers, id);
  // A layer with a composefs blob keeps its files by their digests, which the kernel checks when they are read.
  if (isOverlay && (await exists(join(layer, 'composefs-data'))))
    return { unchecked: 'composefs keeps its files, and checks them itself' };
  const splitFile = join(storePath, layersFolder(driver), `${id}.tar-split.gz`);
  if (!(await exists(splitFile))) return { unchecked: 'how its tar was put together is not recorded' };
  const mounted = await readFile(join(storePath, layers, '.has-mount-program'), 'utf8').catch(() => '');
  return {
    folder: isOverlay ? join(layer, 'diff') : layer,
    splitFile,
    modesKept: isOverlay && mounted.trim() !== 'true',
  };
}

/**
 * The uncompressed tar of a layer, put together from its files and what tar-split kept of it, in pieces.
 * @throws Failure `BadContent` naming the file that is gone, of another size or no file
 */
export async function* layerTar({ folder, splitFile }: LayerPlace): AsyncGenerator<Buffer> {
  const written = new Set<string>();
  for await (const line of lines(splitFile)) {
    const entry = splitEntry(line, splitFile);
    if (entry.type === 2) yield Buffer.from(entry.payload ?? '', 'base64');
    if (entry.type !== 1 || entry.size === undefined || entry.size === 0) continue;
    const name =
      entry.name_raw === undefined ? Buffer.from(entry.name ?? '') : Buffer.from(entry.name_raw, 'base64');
    const key = name.toString('latin1');
    // The first of two files of one name was written over by the second, in a layer that is whole.
    if (written.has(key)) throw new Failure('NotFound', `${shown(name)} is in it twice`);
    written.add(key);
    yield* contentOf(folder, name, entry.size);
  }
}

async function* contentOf(folder: string, name: Buffer, sizeBytes: number): AsyncGenerator<Buffer> {
  if (shown(name).split('/').includes('..'))
    throw new Failure('BadContent', `${shown(name)} leads out of it`);
  const path = Buffer.concat([Buffer.from(`${folder}/`), name]);
  // Never waits for whoever would write to a pipe that stands where a file was.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    throw new Failure('BadContent', `${shown(name)} cannot be read (${error.code})`, { cause: error });
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Failure('BadContent', `${shown(name)} is no file`);
    if (stats.size !== sizeBytes)
      throw new Failure('BadContent', `${shown(name)} has ${stats.size} bytes, not ${sizeBytes}`);
    for (let left = sizeBytes; left > 0;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(left, pieceBytes)));
      if (bytesRead === 0) throw new Failure('BadContent', `${shown(name)} became shorter while it was read`);
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    // What a failing disk answers.
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure('BadContent', `${shown(name)} cannot be read (${code})`, { cause: error });
  } finally {
    await file.close();
  }
}

async function* lines(splitFile: string): AsyncGenerator<string> {
  const source = createReadStream(splitFile);
  const text = source.pipe(createGunzip());
  source.on('error', (error) => text.destroy(error));
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of text as AsyncIterable<Buffer>) {
      let start = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        yield Buffer.concat([...parts.splice(0), chunk.subarray(start, end)]).toString('utf8');
        bytes = 0;
        start = end + 1;
      }
      parts.push(chunk.subarray(start));
      bytes += chunk.length - start;
      if (bytes > lineLimitBytes) throw new Failure('BadContent', `${splitFile} has a line without end`);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('BadContent', `${splitFile} is damaged`, { cause: error });
  } finally {
    source.destroy();
    text.destroy();
  }
  if (bytes > 0) yield Buffer.concat(parts).toString('utf8');
}

function splitEntry(line: string, splitFile: string): SplitEntry {
  try {
    return JSON.parse(line) as SplitEntry;
  } catch (error) {
    throw new Failure('BadContent', `${splitFile} is damaged`, { cause: error });
  }
}

function shown(name: Buffer): string {
  return JSON.stringify(name.toString('utf8')).slice(1, -1);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
