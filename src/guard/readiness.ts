import type { Deployment } from '../model/deployment.ts';
import type { DeploymentState, JobError } from '../model/host-state.ts';

/** One image that a deployment binds and that it could not run now. */
export interface Lack {
  /** The exact `Image=` string. */
  readonly image: string;
  readonly state: 'missing' | 'damaged' | 'mismatch';
  /** Why the last try to bring it failed; absent where there was none. */
  readonly error?: JobError;
}

/** What a deployment has of the images that it binds. */
export interface Readiness {
  readonly deployment: Deployment;
  readonly lacking: readonly Lack[];
  /** Definitions of which no image comes: what they need nobody can tell. */
  readonly unreadable: number;
}

/**
 * A definition of which no image comes, and an image with another digest than is pinned, leave a deployment incomplete.
 * @param readiness undefined where the deployment or the store could not be read
 */
export function stateOf(readiness: Readiness | undefined): DeploymentState['state'] {
  if (readiness === undefined) return 'unknown';
  if (readiness.lacking.some(({ state }) => state === 'damaged')) return 'damaged';
  return isReady(readiness) ? 'ready' : 'incomplete';
}

export function isReady({ lacking, unreadable }: Omit<Readiness, 'deployment'>): boolean {
  return lacking.length === 0 && unreadable === 0;
}
