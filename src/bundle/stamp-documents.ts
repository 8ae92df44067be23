import type { Digest } from '../model/digest.ts';
import { withMember } from './json-member.ts';
import { stampLabel } from './stamp-text.ts';

/** What has taken the place of a manifest or config. */
export interface Replacement {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Names the image that an attestation in the same index is about (BuildKit, "Attestation Storage"). */
const attested = 'vnd.docker.reference.digest';

/** An image's config with its stamp, and all else byte for byte (OCI image-spec "config", `config.Labels`). */
export function stampedConfig(config: string, stamp: string): string {
  return withMember(config, ['config', 'Labels', stampLabel], JSON.stringify(stamp));
}

/** A manifest with another config; the layers stay as they are. */
export function stampedManifest(manifest: string, config: Replacement): string {
  const { config: descriptor } = JSON.parse(manifest) as { config: object };
  return withMember(manifest, ['config'], JSON.stringify(replaced(descriptor, config)));
}

/** An index, or a layout's index.json, with other manifests at some of its places. */
export function stampedIndex(index: string, replacements: ReadonlyMap<number, Replacement>): string {
  const { manifests } = JSON.parse(index) as {
    manifests: { digest: string; annotations?: Record<string, string> }[];
  };
  const byDigest = new Map(
    [...replacements].map(([at, replacement]) => [manifests[at]?.digest, replacement] as const),
  );
  return manifests.reduce((text, descriptor, at) => {
    const manifest = replacements.get(at);
    const about = byDigest.get(descriptor.annotations?.[attested]);
    if (manifest !== undefined)
      return withMember(text, ['manifests', at], JSON.stringify(replaced(descriptor, manifest)));
    if (about !== undefined)
      return withMember(text, ['manifests', at, 'annotations', attested], JSON.stringify(about.digest));
    return text;
  }, index);
}

/** The content may stand in the descriptor itself (OCI image-spec "descriptor", `data`): it would be the old one. */
function replaced(descriptor: object, { digest, sizeBytes }: Replacement): object {
  const { data: _old, ...rest } = descriptor as { data?: unknown };
  return { ...rest, digest, size: sizeBytes };
}
