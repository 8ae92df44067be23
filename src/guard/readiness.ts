import type { Deployment } from '../model/deployment.ts';
import type { DeploymentState } from '../model/host-state.ts';
import type { JobError } from '../model/host-state.ts';

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

/** @param readiness undefined where the deployment or the store could not be read */
export function stateOf(readiness: Readiness | undefined): DeploymentState['state'] {
  if (readiness === undefined) return 'unknown';
  const { lacking, unreadable } = readiness;
  if (lacking.some(({ state }) => state !== 'missing')) return 'damaged';
  if (lacking.length > 0) return 'incomplete';
  return unreadable > 0 ? 'unknown' : 'ready';
}

export function isReady({ lacking, unreadable }: Omit<Readiness, 'deployment'>): boolean {
  return lacking.length === 0 && unreadable === 0;
}
