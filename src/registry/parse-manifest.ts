import * as v from 'valibot';
import { asDigest, type Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Index, Manifest, Platform } from '../model/manifest.ts';
import { parseJson, validate } from './validate.ts';

const imageTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;
const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const;

/** What a request for a manifest accepts (OCI distribution-spec "Pulling manifests"). */
export const acceptedTypes: readonly string[] = [...imageTypes, ...indexTypes];

const limitEntries = 1_000;

const annotations = v.nullish(v.record(v.string(), v.string()), () => ({}));
const descriptorEntries = {
  mediaType: v.string(),
  digest: v.custom<Digest>((value) => asDigest(value) !== undefined, 'a digest'),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  annotations,
};
const descriptor = v.pipe(
  v.object(descriptorEntries),
  v.transform(({ size, ...rest }) => ({ ...rest, sizeBytes: size })),
);
const platform = v.pipe(
  v.object({ os: v.string(), architecture: v.string(), variant: v.nullish(v.string()) }),
  v.transform(({ os, architecture, variant }): Platform => ({
    os,
    architecture,
    ...(variant ? { variant } : {}),
  })),
);
const indexEntry = v.pipe(
  v.object({ ...descriptorEntries, platform: v.nullish(platform) }),
  v.transform(({ size, platform, ...rest }) => ({
    ...rest,
    sizeBytes: size,
    ...(platform ? { platform } : {}),
  })),
);
const head = v.object({
  schemaVersion: v.literal(2),
  mediaType: v.nullish(v.string()),
  // Never read here: with both, two readers could see two images in one digest (OCI image-spec, CVE-2021-41190).
  manifests: v.optional(v.unknown()),
  layers: v.optional(v.unknown()),
});
// Go writes an empty list as null.
const image = v.object({
  config: descriptor,
  layers: v.nullable(v.pipe(v.array(descriptor), v.maxLength(limitEntries))),
  annotations,
});
const index = v.object({
  manifests: v.nullable(v.pipe(v.array(indexEntry), v.maxLength(limitEntries))),
  annotations,
});

export type ParsedManifest =
  { readonly kind: 'image'; readonly manifest: Manifest } | { readonly kind: 'index'; readonly index: Index };

/**
 * The bytes of a manifest, whose digest is `digest`.
 * @param contentType the header's value as sent, or undefined where there was none
 * @param what names the manifest in messages
 * @throws Failure `BadContent`
 */
export function parseManifest(
  bytes: Buffer,
  digest: Digest,
  contentType: string | undefined,
  what: string,
): ParsedManifest {
  const declared = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (declared?.startsWith('text/html'))
    throw new Failure(
      'BadContent',
      `${what}: a web page came instead of a manifest; is a proxy or a login page in between?`,
    );
  const document = parseJson(bytes.toString('utf8'), what);
  if (isSchema1(document, declared))
    throw new Failure(
      'BadContent',
      `${what}: it is in Docker's schema 1, which is no longer supported; push the image again with a current tool`,
    );
  const { mediaType: written, manifests, layers } = validate(head, document, what);
  if (manifests !== undefined && layers !== undefined)
    throw new Failure('BadContent', `${what}: it claims to be an image and an index at once`);
  const mediaType = written ?? known(declared) ?? (manifests === undefined ? imageTypes[0] : indexTypes[0]);
  if (written !== undefined && written !== null && known(declared) !== undefined && written !== declared)
    throw new Failure(
      'BadContent',
      `${what}: it says that it is ${shown(written)}, and the server ${declared}`,
    );
  if (includes(imageTypes, mediaType)) {
    const { config, layers, annotations } = validate(image, document, what);
    return {
      kind: 'image',
      manifest: { digest, mediaType, config, layers: layers ?? [], annotations, bytes },
    };
  }
  if (includes(indexTypes, mediaType)) {
    const { manifests, annotations } = validate(index, document, what);
    return { kind: 'index', index: { digest, mediaType, manifests: manifests ?? [], annotations } };
  }
  throw new Failure('BadContent', `${what}: ${shown(mediaType)} is neither an image nor an index`);
}

function isSchema1(document: object, declared: string | undefined): boolean {
  return (
    /^application\/vnd\.docker\.distribution\.manifest\.v1\+(?:json|prettyjws)$/.test(declared ?? '') ||
    ('schemaVersion' in document && document.schemaVersion === 1)
  );
}

function known(type: string | undefined): string | undefined {
  return type !== undefined && acceptedTypes.includes(type) ? type : undefined;
}

function includes(types: readonly string[], type: string): boolean {
  return types.includes(type);
}

/** Outside text, fit for a message. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
