import type { Host, Image } from '../bus/host.ts';

/** Who needs what the store has: one deployment alone, several of them, or none. */
export const needers = ['booted', 'shared', 'next', 'rollback', 'other', 'nobody'] as const;
export type Needer = (typeof needers)[number];

export interface SpaceShare {
  readonly needer: Needer;
  readonly bytes: number;
}

export interface Space {
  /** In the order of `needers`, those that take space. Their sum is what the store takes. */
  readonly shares: readonly SpaceShare[];
  /** What bound images would take beside that if they shared no layers. */
  readonly savedBytes: number;
}

/** Divides what the store takes among those who need it. */
export function divideSpace(
  { deployments, space, storageBytes }: Pick<Host, 'deployments' | 'space' | 'storageBytes'>,
  images: readonly Pick<Image, 'sizeBytes'>[],
): Space {
  const bytes: Record<Needer, number> = {
    booted: 0,
    shared: space.sharedBytes,
    next: 0,
    rollback: 0,
    other: 0,
    nobody: space.unboundBytes,
  };
  for (const { slot, ownBytes } of deployments) bytes[neederOf(slot)] += ownBytes;
  const sum = images.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  return {
    shares: needers.map((needer) => ({ needer, bytes: bytes[needer] })).filter((share) => share.bytes > 0),
    savedBytes: Math.max(0, sum - (storageBytes - space.unboundBytes)),
  };
}

function neederOf(slot: string): Needer {
  switch (slot) {
    case 'booted':
    case 'rollback':
      return slot;
    case 'staged':
    case 'candidate':
      return 'next';
    default:
      return 'other';
  }
}
