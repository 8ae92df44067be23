import { asFailure, Failure } from '../model/failure.ts';

/** An error of a file in the cache as a Failure. @param missingBytes what was still to be written; 0 where that is not known */
export function diskFailure(error: unknown, folderPath: string, missingBytes: number): Failure {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Failure(
      'NoSpace',
      missingBytes === 0
        ? `${folderPath}: no space left; free some`
        : `${folderPath}: no space left, at least ${missingBytes} bytes more are needed; free some`,
      { cause: error },
    );
  if (code === 'EROFS' || code === 'EACCES')
    return new Failure('BadConfiguration', `${folderPath}: cannot be written (${code})`, { cause: error });
  return asFailure(error);
}
