import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { Failure } from '../model/failure.ts';

/**
 * The text of a regular file; undefined where there is none. Read at once: through libuv's threads a small file takes several times as
 * long, and what does so has first to be loaded.
 * @throws Failure `BadContent` for what is no file, too large or not UTF-8, `Internal` where it cannot be read
 */
export async function readSmallText(path: string, limitBytes: number): Promise<string | undefined> {
  let fd: number | undefined;
  try {
    // Without O_NONBLOCK a named pipe would hold us for ever.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Failure('BadContent', `${path} is not a file`);
    if (stats.size > limitBytes)
      throw new Failure('BadContent', `${path} is larger than ${limitBytes} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(fd));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof Failure) throw error;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new Failure('BadContent', `${path} is not UTF-8 text`);
    throw new Failure('Internal', `cannot read ${path}: ${code}`, { cause: error });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
