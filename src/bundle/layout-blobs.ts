import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Digest, digestParts } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import { makeFolder } from '../system/make-folder.ts';
import { writeFileWhole } from '../system/write-file.ts';

/** Where a blob is in an OCI layout. */
export function blobName(digest: Digest): string {
  const { algorithm, hex } = digestParts(digest);
  return `blobs/${algorithm}/${hex}`;
}

/** Undefined where it is not there. */
export async function blobSize(layoutPath: string, digest: Digest): Promise<number | undefined> {
  return (await stat(join(layoutPath, blobName(digest))).catch(() => undefined))?.size;
}

/** Writes a blob that is in memory, unless it is there. */
export async function writeBlob(layoutPath: string, digest: Digest, bytes: Buffer): Promise<void> {
  if ((await blobSize(layoutPath, digest)) === bytes.length) return;
  await writeFileWhole(join(layoutPath, blobName(digest)), bytes);
}

/** Makes the folder a layout, if it is none yet. */
export async function makeLayout(layoutPath: string): Promise<void> {
  await makeFolder(join(layoutPath, 'blobs', 'sha256'));
  const files = {
    'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
    'index.json': '{"schemaVersion":2,"manifests":[]}',
  };
  for (const [name, text] of Object.entries(files)) {
    const path = join(layoutPath, name);
    if ((await stat(path).catch(() => undefined)) === undefined) await writeFileWhole(path, text);
  }
}

/**
 * Reads a blob and holds it against its digest.
 * @returns whether it is what its name says; also false where it is not there
 * @throws Failure `Cancelled`
 */
export async function isWhole(layoutPath: string, digest: Digest, signal: AbortSignal): Promise<boolean> {
  const { algorithm, hex } = digestParts(digest);
  const path = join(layoutPath, blobName(digest));
  if ((await stat(path).catch(() => undefined))?.isFile() !== true) return false;
  const hash = createHash(algorithm);
  try {
    for await (const piece of createReadStream(path, {
      signal,
      highWaterMark: 2 ** 20,
    }) as AsyncIterable<Buffer>)
      hash.update(piece);
  } catch (error) {
    if (signal.aborted)
      throw new Failure('Cancelled', 'cancelled while blobs were checked', { cause: error });
    throw new Failure('BadContent', `${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
  return hash.digest('hex') === hex;
}

/** A signature's file in the lookaside storage of a layout, which a web server or a folder can serve as it is. */
export function lookasideName(repository: string, digest: Digest, count: number): string {
  return `lookaside/${repository}@${digest.replace(':', '=')}/signature-${count}`;
}

/** @param path as `lookasideName` has it */
export async function writeSignature(layoutPath: string, path: string, bytes: Buffer): Promise<void> {
  await makeFolder(dirname(join(layoutPath, path)));
  await writeFileWhole(join(layoutPath, path), bytes);
}
