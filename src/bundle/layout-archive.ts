import { rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '../model/failure.ts';
import { makeFolder } from '../system/make-folder.ts';
import { runProgram } from '../system/run-program.ts';
import { syncFolder } from '../system/write-file.ts';

/** What belongs to a layout; what was left by a cut does not. */
const parts = ['oci-layout', 'index.json', 'blobs', 'lookaside'];

/**
 * Packs a layout into one tar, the same bytes for the same content (containers-transports(5), "oci-archive"). The file is replaced
 * once it is whole.
 * @throws Failure `ProgramFailed`, `NoSpace`, and those of `runProgram`
 */
export async function packLayout(
  layoutPath: string,
  archivePath: string,
  signal: AbortSignal,
): Promise<void> {
  const aside = `${archivePath}.part`;
  const there = await Promise.all(
    parts.map(async (name) =>
      (await stat(`${layoutPath}/${name}`).catch(() => undefined)) === undefined ? [] : [name],
    ),
  );
  await makeFolder(dirname(archivePath));
  const same = [
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=u=rwX,go=rX',
  ];
  try {
    await tar(['--create', `--file=${aside}`, ...same, `--directory=${layoutPath}`, ...there.flat()], signal);
    await rename(aside, archivePath);
  } finally {
    await rm(aside, { force: true });
  }
  await syncFolder(dirname(archivePath));
}

/** Unpacks an archive into a folder that is not there, so that it is there whole or not at all. */
export async function unpackLayout(
  archivePath: string,
  layoutPath: string,
  signal: AbortSignal,
): Promise<void> {
  const aside = `${layoutPath}.part`;
  await rm(aside, { recursive: true, force: true });
  await makeFolder(aside);
  await tar(['--extract', `--file=${archivePath}`, '--no-same-owner', `--directory=${aside}`], signal);
  await rename(aside, layoutPath);
}

async function tar(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const { exitCode, stderr } = await runProgram('tar', argv, { signal });
  if (exitCode === 0) return;
  const code = /no space left/i.test(stderr) ? 'NoSpace' : 'ProgramFailed';
  // The last line only says that it gives up.
  throw new Failure(code, `tar failed: ${stderr.split('\n', 1)[0]}`);
}
