/**
 * Something wrong in a definition. A value, never the end of a scan: the other definitions are still read.
 * `file` is a path inside the root, beginning with "/".
 */
export interface Problem {
  readonly file: string;
  /** Line in `file`, from 1; absent where the whole file or link is meant. */
  readonly line?: number;
  /** Stable, kebab-case, documented in docs/problems.md. */
  readonly code: string;
  /** What is wrong and how to mend it, one or two sentences for a person. */
  readonly text: string;
  /** `error`: no image comes of it. `warning`: its image is fetched, but something will go wrong. */
  readonly severity: 'error' | 'warning';
  /** bootc's own query fails on it, and with it the upgrade or every prune (crates/lib/src/boundimage.rs). */
  readonly failsBootc: boolean;
}
