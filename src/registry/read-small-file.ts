import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Failure } from '../model/failure.ts';

const limitBytes = 1024 * 1024;

/**
 * The text of a configuration file of at most 1 MiB; undefined where there is none.
 * @throws Failure `BadConfiguration`
 */
export async function readSmallFile(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    // Without O_NONBLOCK a named pipe would hold us for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw new Failure('BadConfiguration', `cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new Failure('BadConfiguration', `${path} is not a file`);
    if (stat.size > limitBytes) throw new Failure('BadConfiguration', `${path} is larger than 1 MiB`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

export function isAbsent(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
