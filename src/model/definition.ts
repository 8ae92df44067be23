import type { Problem } from './problem.ts';
import type { Reference } from './reference.ts';

/** How an image is to be pulled: the keys of podman-systemd.unit(5) section [Image] that change a pull. */
export interface PullOptions {
  /** Paths are those inside the root that the quadlet is in. */
  readonly authFile?: string;
  readonly certDir?: string;
  /** `user[:password]`. Secret: never in argv, logs or output. */
  readonly creds?: string;
  /** `path[:passphrase]`. Secret. */
  readonly decryptionKey?: string;
  readonly tlsVerify?: boolean;
  readonly arch?: string;
  readonly os?: string;
  readonly variant?: string;
  readonly policy?: 'always' | 'missing' | 'never' | 'newer';
  readonly retry?: number;
  readonly retryDelayMs?: number;
}

/** One bound image, as an entry of `/usr/lib/bootc/bound-images.d` names it. */
export interface Definition {
  /** The entry's own path inside the root: `/usr/lib/bootc/bound-images.d/app.image`. */
  readonly entry: string;
  /** The quadlet that the entry leads to, inside the root: `/usr/share/containers/systemd/app.image`. */
  readonly file: string;
  /** The line of the effective `Image=`, in `imageFile`. */
  readonly line: number;
  /** The file that effective `Image=` stands in: `file`, a drop-in of it, or of the unit that it refers to. */
  readonly imageFile: string;
  /** The exact value of `Image=`, `%%` made `%`: the name bootc's prune compares with, byte for byte. */
  readonly image: string;
  readonly reference: Reference;
  readonly pull: PullOptions;
}

/** What one root binds. */
export interface BoundSet {
  readonly definitions: readonly Definition[];
  readonly problems: readonly Problem[];
}
