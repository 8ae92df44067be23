import type { Image } from '../bus/host.ts';

/** Who needs images: what runs now before all else, and so on; an image is counted where it is needed first. */
export const needers = ['booted', 'next', 'rollback', 'other', 'nobody'] as const;
export type Needer = (typeof needers)[number];

export interface SpaceShare {
  readonly needer: Needer;
  readonly images: number;
  readonly bytes: number;
}

export interface Space {
  /** In the order of `needers`, those that take space. Their sum is what the store takes. */
  readonly shares: readonly SpaceShare[];
  /** What images would take beside that if they shared no layers. */
  readonly sharedBytes: number;
}

/**
 * Divides what the store takes among those who need it. The agent says what each image takes, and what all take with each layer counted
 * once: what layers that are shared save is taken off each share in proportion.
 */
export function divideSpace(images: readonly Image[], storageBytes: number): Space {
  const present = images.filter(({ sizeBytes }) => sizeBytes > 0);
  const sum = present.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  const scale = sum > storageBytes && sum > 0 ? storageBytes / sum : 1;
  const groups = Map.groupBy(present, neederOf);
  const shares = needers.flatMap((needer): SpaceShare[] => {
    const group = groups.get(needer) ?? [];
    const own = group.reduce((total, { sizeBytes }) => total + sizeBytes, 0) * scale;
    const bytes = needer === 'nobody' ? own + Math.max(0, storageBytes - sum) : own;
    return bytes > 0 ? [{ needer, images: group.length, bytes }] : [];
  });
  return { shares, sharedBytes: Math.max(0, sum - storageBytes) };
}

function neederOf({ boundBy }: Image): Needer {
  const slots = new Set(boundBy.map(({ slot }) => slot));
  if (slots.has('booted')) return 'booted';
  if (slots.has('staged') || slots.has('candidate')) return 'next';
  if (slots.has('rollback')) return 'rollback';
  return slots.size > 0 ? 'other' : 'nobody';
}
