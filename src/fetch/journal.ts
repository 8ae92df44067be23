import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import type { BlobId, Validator } from '../model/blob.ts';
import { writeFileWhole } from '../system/write-file.ts';
import { bootId } from '../system/process-owner.ts';

const schema = v.object({
  digest: v.string(),
  sizeBytes: v.number(),
  /** So many bytes of the file are on the disk, whatever happens. */
  syncedBytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
  bootId: v.string(),
  validator: v.optional(v.object({ endpoint: v.string(), etag: v.string() })),
});

/** What is known of a partial file, beside it. */
export interface Journal {
  /** Bytes that can be built on: all in this boot, since the page cache has them, and else those that were synced. */
  readonly trustedBytes: number;
  /** Of them, those that the disk has. */
  readonly syncedBytes: number;
  /** Whether it was written in this boot. */
  readonly fresh: boolean;
  readonly validator: Validator | undefined;
}

/** Nothing is trusted where there is no journal, or it is another blob's. */
export async function readJournal(path: string, blob: BlobId): Promise<Journal> {
  const parsed = v.safeParse(schema, await readJson(path));
  if (!parsed.success || parsed.output.digest !== blob.digest || parsed.output.sizeBytes !== blob.sizeBytes)
    return { trustedBytes: 0, syncedBytes: 0, fresh: false, validator: undefined };
  const { syncedBytes, validator } = parsed.output;
  const fresh = parsed.output.bootId === (await bootId());
  return { trustedBytes: fresh ? Infinity : syncedBytes, syncedBytes, fresh, validator };
}

/** One that vouches for nothing after a power loss need not outlast it: at a download's start nobody waits for the disk. */
export async function writeJournal(
  path: string,
  blob: BlobId,
  syncedBytes: number,
  validator: Validator | undefined,
): Promise<void> {
  const { digest, sizeBytes } = blob;
  const journal = { digest, sizeBytes, syncedBytes, bootId: await bootId(), validator };
  await writeFileWhole(path, JSON.stringify(journal), { mode: 0o600, sync: syncedBytes > 0 });
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}
