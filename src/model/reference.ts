import type { Digest } from './digest.ts';

/**
 * An image reference, normalised as containers/image does: a name without a registry is docker.io's, one without a path
 * there is in `library/`.
 */
export interface Reference {
  /** As written. */
  readonly text: string;
  /** `host[:port]`, lower case as written: `quay.io`, `localhost:5000`, `[::1]:5000`, `docker.io`. */
  readonly domain: string;
  /** Repository below the domain: `library/alpine`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}
