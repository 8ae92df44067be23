import type { Digest } from './digest.ts';

/** The part that a deployment plays: what runs, what boots next, what a rollback boots, or one that is kept besides. */
export type Slot = 'booted' | 'staged' | 'rollback' | 'other';

/** Whatever binds images: a deployment, or the OS image that the next upgrade would stage. */
export type BinderSlot = Slot | 'candidate';

/** One OS root on this host's disk. */
export interface Deployment {
  /** ostree: `STATEROOT/CHECKSUM.SERIAL`; composefs: the image's verity digest in hex. */
  readonly id: string;
  readonly slot: Slot;
  /** Folder of this host where its tree can be read. */
  readonly rootPath: string;
  /** OS image as containers-transports(5) has it, `docker://quay.io/ex/os:latest`; absent where bootc does not say. */
  readonly osImage?: string;
  readonly digest?: Digest;
  /** As bootc gives it: the OS image's label `org.opencontainers.image.version`. For people. */
  readonly version?: string;
  /** A reboot does not apply it (`bootc upgrade --download-only`). Only a staged one can be locked. */
  readonly locked: boolean;
}
