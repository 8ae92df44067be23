import { stringify } from 'smol-toml';
import { type Digest, shortDigest } from '../model/digest.ts';
import { isUntagged, type Reference } from '../model/reference.ts';

/** A registry, and what stands before each repository there: `mirror.example:5000/offline`. */
export interface RegistryPlace {
  readonly domain: string;
  /** '' where repositories are at its top. */
  readonly prefix: string;
}

/** The folder or repository of a registry's name: a port's colon is neither in a repository nor on every file system. */
export function plainDomain(domain: string): string {
  return domain
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .replaceAll(/^-+|-+$/g, '');
}

/** Where a mirrored repository is: `PREFIX/quay.io/ex/web`, so that two registries' repositories of one name stay apart. */
export function mirroredPath({ prefix }: RegistryPlace, { domain, path }: Reference): string {
  return [prefix, plainDomain(domain), path].filter((part) => part !== '').join('/');
}

/** The tag that it has there. One that is named by digest alone gets one too: registries remove what has no tag. */
export function mirroredTag(reference: Reference, digest: Digest): string {
  if (isUntagged(reference)) return 'latest';
  return reference.tag ?? `bound-${shortDigest(digest)}`;
}

/**
 * A drop-in for the hosts of the mirrored site (containers-registries.conf(5)): each repository is asked for at the mirror, under its
 * own name; signatures are judged for that name too.
 */
export function mirrorsConf(place: RegistryPlace, references: readonly Reference[]): string {
  const repositories = new Map(references.map((each) => [`${each.domain}/${each.path}`, each]));
  const registry = [...repositories]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, reference]) => ({
      prefix: name,
      location: name,
      mirror: [{ location: `${place.domain}/${mirroredPath(place, reference)}` }],
    }));
  return `${stringify({ registry })}\n`;
}
