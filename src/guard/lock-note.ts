import type { Deployment } from '../model/deployment.ts';

/**
 * What the agent remembers of locks, so that it unlocks none but its own. Written before the lock is set, so that a kill between the
 * two loses nothing: that something is staged and locked, reality says.
 */
export type LockNote =
  /** This deployment, which was not locked. */
  | { readonly kind: 'locking'; readonly id: string }
  /** Whatever is staged next. What somebody else has locked is never staged upon. */
  | { readonly kind: 'staging' };

type Staged = Pick<Deployment, 'id' | 'locked'>;

export function isLockedByUs({ id, locked }: Staged, note: LockNote | undefined): boolean {
  if (!locked || note === undefined) return false;
  return note.kind === 'staging' || note.id === id;
}

/** What is left to remember once no staging is under way: else a lock that somebody sets later would be taken for ours. */
export function settledNote(staged: Staged | undefined, note: LockNote | undefined): LockNote | undefined {
  return staged !== undefined && isLockedByUs(staged, note) ? { kind: 'locking', id: staged.id } : undefined;
}
