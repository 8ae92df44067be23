import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Failure } from '../model/failure.ts';

/**
 * The text of a regular file; undefined where there is none.
 * @throws Failure `BadContent` for what is no file, too large or not UTF-8, `Internal` where it cannot be read
 */
export async function readSmallText(path: string, limitBytes: number): Promise<string | undefined> {
  let file: FileHandle | undefined;
  try {
    // Without O_NONBLOCK a named pipe would hold us for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { size, isFile } = await file.stat().then((stat) => ({ size: stat.size, isFile: stat.isFile() }));
    if (!isFile) throw new Failure('BadContent', `${path} is not a file`);
    if (size > limitBytes) throw new Failure('BadContent', `${path} is larger than ${limitBytes} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof Failure) throw error;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new Failure('BadContent', `${path} is not UTF-8 text`);
    throw new Failure('Internal', `cannot read ${path}: ${code}`, { cause: error });
  } finally {
    await file?.close();
  }
}
