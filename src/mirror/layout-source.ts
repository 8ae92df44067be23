import { lookasideName } from '../bundle/layout-blobs.ts';
import { plainDomain } from '../bundle/mirror-names.ts';
import type { BlobId } from '../model/blob.ts';
import { Failure } from '../model/failure.ts';
import type { Reference } from '../model/reference.ts';
import type { OpenLayout } from '../prefetch/import-from-layout.ts';
import type { MirrorSource } from './source.ts';

/** A layout that is mirrored on: from a stick into the registry of a site, or under another tag. */
export function layoutSource(layout: OpenLayout): MirrorSource {
  const absent = ({ text }: Reference, what: string): Failure =>
    new Failure('NotFound', `${layout.name} does not have ${what} of ${text}; mirror it anew`);
  return {
    async manifest(reference) {
      const found = await layout.manifest(reference);
      if (found === undefined)
        throw new Failure('NotFound', `${layout.name} does not have ${reference.text}`);
      return found;
    },
    openBlob:
      (reference, { digest, sizeBytes }: BlobId) =>
      async ({ from, signal }) => {
        const body = await layout.blob(digest, {
          range: { offset: from, lengthBytes: sizeBytes - from },
          signal,
        });
        if (body === undefined) throw absent(reference, digest);
        return { from, endpoint: layout.name, body, discard: async () => void body.destroy() };
      },
    async blob(reference, { digest }, _pull, options) {
      const found = await layout.blob(digest, options);
      if (found === undefined) throw absent(reference, digest);
      return found;
    },
    // They lie there as a tag.
    referrers: async () => undefined,
    signature: ({ domain, path }, digest, count) =>
      layout.signature(lookasideName(`${plainDomain(domain)}/${path}`, digest, count)),
  };
}
