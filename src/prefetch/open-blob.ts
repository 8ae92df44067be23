import type { OpenBlob } from '../fetch/fetch-blob.ts';
import type { BlobId } from '../model/blob.ts';
import type { PullOptions } from '../model/definition.ts';
import type { Reference } from '../model/reference.ts';
import type { Registry } from '../registry/registry.ts';

/** Has a blob's registries asked for it, once each: the download itself tries again, from where it stopped. */
export function openBlobFrom(
  registry: Pick<Registry, 'openBlob'>,
  reference: Reference,
  { digest, sizeBytes }: BlobId,
  pull: PullOptions = {},
): OpenBlob {
  return (question) =>
    registry.openBlob(reference, { digest, sizeBytes }, { ...question, pull: { ...pull, retry: 0 } });
}
