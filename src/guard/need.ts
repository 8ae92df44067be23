import type { BinderSlot } from '../model/deployment.ts';
import type { Digest } from '../model/digest.ts';
import type { StoredImage } from '../model/inventory.ts';

/** One image that a deployment, or the candidate, binds. */
export interface Need {
  readonly slot: BinderSlot;
  /** The exact `Image=` text, which bootc's prune compares with, and the name that the store makes of it where that is another. */
  readonly names: readonly string[];
  /** That the reference pins. */
  readonly digest?: Digest;
}

/** Somebody's claim on what no deployment needs yet, as what was prefetched for an OS image that nobody has staged. */
export interface Lease {
  readonly holder: string;
  readonly digests: readonly Digest[];
  readonly expiresUs: number;
}

/**
 * All that forbids to remove an image. To be gathered after the store was read: bootc stages before it pulls, so that whatever was
 * in the store by then has its deployment on the disk by now.
 */
export interface Needs {
  readonly needs: readonly Need[];
  readonly leases: readonly Lease[];
  /** OS images of deployments, without a transport. bootc keeps them in its store where it is told to (unified storage). */
  readonly osImages: readonly { readonly name: string; readonly digest?: Digest }[];
  /** Roots of which not every definition can be read, each for a person. While there is one, nothing is removed. */
  readonly unread: readonly string[];
}

/** Why an image has to stay, for a person; undefined where nothing asks for it. */
export function whyNeeded(
  image: StoredImage,
  { needs, leases, osImages }: Needs,
  nowUs: number,
): string | undefined {
  const has = (digest: Digest | undefined): boolean => digest !== undefined && image.digests.includes(digest);
  const need =
    needs.find(({ names }) => names.some((name) => image.names.includes(name))) ??
    needs.find(({ digest }) => has(digest));
  if (need !== undefined)
    return need.slot === 'candidate' ? 'the next OS image binds it' : `the ${need.slot} deployment binds it`;
  if (osImages.some(({ name, digest }) => image.names.includes(name) || has(digest)))
    return 'it is the OS image of a deployment';
  const lease = leases.find(({ digests, expiresUs }) => expiresUs > nowUs && digests.some(has));
  return lease === undefined ? undefined : `${lease.holder} has a lease on it`;
}
