import type { BinderSlot } from '../model/deployment.ts';
import type { StoredImage } from '../model/inventory.ts';
import type { Need } from './need.ts';

export interface SurplusNames {
  readonly drop: readonly string[];
  /** The one name under which the image has to be made anew. */
  readonly renameTo?: string;
}

/** Staging another deployment leaves these on the disk, and bootc's prune with it the images that they bind. */
const staying: readonly BinderSlot[] = ['booted', 'rollback', 'other'];

/**
 * The names that an image should not have. bootc's prune removes an image by its ID, which podman refuses while it has two names,
 * and then `bootc upgrade` fails: so no image that the next staging may turn into garbage has a second name, but where the staged
 * deployment itself needs both. That is each image that no deployment binds but the staged one, which is replaced, or none at all.
 */
export function surplusNames({ names }: StoredImage, needs: readonly Need[]): SurplusNames {
  if (names.length < 2) return { drop: [] };
  const askedBy = (slots: readonly BinderSlot[]): string[] =>
    names.filter((name) => needs.some((need) => slots.includes(need.slot) && need.names.includes(name)));
  if (askedBy(staying).length > 0) {
    const asked = askedBy([...staying, 'staged', 'candidate']);
    // A digest's name does no harm here, and to make anew what is in use would risk it.
    return { drop: names.filter((name) => !asked.includes(name) && !hasDigest(name)) };
  }
  const staged = askedBy(['staged']);
  const [first] = [...askedBy(['candidate']), ...names.filter(hasDigest), ...names];
  const keep = staged.length > 0 ? staged : names.filter((name) => name === first);
  const surplus = names.filter((name) => !keep.includes(name));
  const [only, ...others] = keep;
  return surplus.some(hasDigest) && only !== undefined && others.length === 0
    ? { drop: [], renameTo: only }
    : { drop: surplus.filter((name) => !hasDigest(name)) };
}

/** skopeo gives such a name only to an image that has the digest, so that no other can take it away. */
function hasDigest(name: string): boolean {
  return name.includes('@');
}
