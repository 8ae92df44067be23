import { asDigest, type Digest } from '../model/digest.ts';
import type { Descriptor } from '../model/manifest.ts';

// The documents of a mirrored set: what an OCI layout's index.json says (OCI image-spec "image layout"), and the index that ties a
// set together. An entry that is to be found by a name has it as `org.opencontainers.image.ref.name`, where containers/image looks.

export const refName = 'org.opencontainers.image.ref.name';
/** The name that an image had where it came from, `quay.io/ex/web:1`. */
const originalName = 'org.boundimages.reference';
/** What an entry is: `os`, `bound`, `signature`, or `set`. */
const roleName = 'org.boundimages.role';
/** Of an OS image's entry: the digest of its set. */
const setName = 'org.boundimages.set';

export const indexType = 'application/vnd.oci.image.index.v1+json';

/** `signature`: whatever else is attached to an image, too: attestations, and an index of referrers. */
export type Role = 'os' | 'bound' | 'signature';

/** Something that a set has: an image or index, under the name it has in its registry. */
export interface Member {
  readonly role: Role;
  /** `quay.io/ex/web:1`, `quay.io/ex/web@sha256:...`, `quay.io/ex/web:sha256-HEX.sig` */
  readonly name: string;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** The set that an OS image of a layout has, as its index.json tells. */
export interface SetEntry {
  readonly tag: string;
  readonly original: string;
  readonly os: Descriptor;
  readonly setDigest: Digest;
}

/** The index of a set, the OS image first; the same text for the same members. */
export function setText(members: readonly Member[]): string {
  const manifests = members.map(({ role, name, ...member }) =>
    written(member, { [refName]: name, [roleName]: role }),
  );
  return JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests });
}

/** @returns undefined for an index that is no set's */
export function membersOf(manifests: readonly Descriptor[]): Member[] | undefined {
  const members = manifests.flatMap(({ annotations, mediaType, digest, sizeBytes }) => {
    const { [refName]: name, [roleName]: role } = annotations;
    return name !== undefined && isRole(role) ? [{ role, name, mediaType, digest, sizeBytes }] : [];
  });
  return members.length === manifests.length && members[0]?.role === 'os' ? members : undefined;
}

/** The sets that a layout's index.json has, in its order. */
export function setsOf(manifests: readonly Descriptor[]): SetEntry[] {
  return manifests.flatMap((os) => {
    const { [refName]: tag, [originalName]: original, [roleName]: role } = os.annotations;
    const setDigest = asDigest(os.annotations[setName]);
    if (role !== 'os' || tag === undefined || original === undefined || setDigest === undefined) return [];
    return [{ tag, original, os, setDigest }];
  });
}

/**
 * An index.json with a set in it: the OS image as TAG, the set as TAG.set, and everything else by its own name, where an older one
 * of that name gives way.
 * @param index the one that is there
 */
export function withSet(
  index: string,
  tag: string,
  set: { readonly digest: Digest; readonly sizeBytes: number },
  members: readonly Member[],
): string {
  const document = JSON.parse(index) as { manifests?: { annotations?: Record<string, string> }[] | null };
  const entries = members.map(({ role, name, ...member }) =>
    written(member, {
      [refName]: role === 'os' ? tag : name,
      [roleName]: role,
      ...(role === 'os' ? { [originalName]: name, [setName]: set.digest } : {}),
    }),
  );
  entries.push(written({ mediaType: indexType, ...set }, { [refName]: setTag(tag), [roleName]: 'set' }));
  const named = new Set(entries.map(({ annotations }) => annotations[refName]));
  const others = (document.manifests ?? []).filter(
    ({ annotations }) => annotations?.[refName] === undefined || !named.has(annotations[refName]),
  );
  return JSON.stringify({ ...document, schemaVersion: 2, manifests: [...others, ...entries] });
}

/** The one reference for the whole set. */
export function setTag(tag: string): string {
  return `${tag}.set`;
}

function isRole(text: string | undefined): text is Role {
  return text === 'os' || text === 'bound' || text === 'signature';
}

function written(
  { mediaType, digest, sizeBytes }: Pick<Member, 'mediaType' | 'digest' | 'sizeBytes'>,
  annotations: Record<string, string>,
): { annotations: Record<string, string> } {
  return { mediaType, digest, size: sizeBytes, annotations } as { annotations: Record<string, string> };
}
