import { Failure } from '../model/failure.ts';

/** A record of the store that cannot be believed. Nothing is concluded from it, least of all that an image is missing. */
export function damaged(file: string, what: string): Failure {
  return new Failure(
    'StoreDamaged',
    `${file}: ${what}; bring the file back from a backup, or move the whole store aside and prefetch into a new one`,
  );
}

export function readFailure(error: unknown, path: string): Failure {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return new Failure(
      'StoreUnknown',
      `${path}: may not be read (${code}); run this as the store's owner, mostly root`,
      {
        cause: error,
      },
    );
  }
  if (code === 'ENOTDIR') {
    return new Failure(
      'StoreUnknown',
      `${path}: not a folder, so no image store; name another with --store`,
      {
        cause: error,
      },
    );
  }
  return damaged(path, `cannot be read (${code})`);
}
