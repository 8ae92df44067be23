import { asDigest, type Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Descriptor } from '../model/manifest.ts';
import type { Ask, Target } from './ask.ts';
import type { RegistryLimits } from './limits.ts';
import { acceptedTypes, parseManifest, type ParsedManifest } from './parse-manifest.ts';
import { readBody } from './read-body.ts';
import { digestOf } from './verify-body.ts';

export const acceptManifests = { accept: acceptedTypes.join(', ') };

/** A manifest as it came, checked against its digest. */
export interface ManifestBytes {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
  /** None of an index. */
  readonly layers: readonly Descriptor[];
}

/** The manifest of a tag or digest at one endpoint, checked against its digest. */
export type ManifestAt = (
  target: Target,
  tagOrDigest: string,
  signal: AbortSignal | undefined,
) => Promise<ParsedManifest & { readonly raw: ManifestBytes }>;

/** @returns a function that throws Failure `DigestMismatch`, `BadContent`, and what `ask` throws */
export function createManifestAt(ask: Ask, limits: RegistryLimits): ManifestAt {
  return async (target, tagOrDigest, signal) => {
    const resource = `manifests/${tagOrDigest}`;
    const what = `${nameOf(target)}, ${resource}`;
    const answer = await ask(target, { method: 'GET', resource, headers: acceptManifests, signal });
    const bytes = await readBody(answer, limits.manifestBytes, what);
    const wanted = asDigest(tagOrDigest);
    const said = asDigest(answer.header('docker-content-digest'));
    for (const digest of [wanted, said]) {
      if (digest !== undefined && digestOf(bytes, digest) !== digest)
        throw new Failure(
          'DigestMismatch',
          `${what}: what came does not have the digest ${digest}; the registry or a proxy is damaged`,
        );
    }
    const parsed = parseManifest(bytes, digestOf(bytes, wanted), answer.header('content-type'), what);
    const { digest, mediaType } = parsed.kind === 'image' ? parsed.manifest : parsed.index;
    const layers = parsed.kind === 'image' ? parsed.manifest.layers : [];
    return { ...parsed, raw: { digest, mediaType, bytes, layers } };
  };
}

/** A place's name in messages. */
export function nameOf({ domain, path }: { readonly domain: string; readonly path: string }): string {
  return `${domain}/${path}`;
}
