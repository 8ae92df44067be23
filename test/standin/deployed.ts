import { existsSync } from 'node:fs';
import { composefs } from './composefs.ts';
import type { FetchedImage, ImageName } from './fetch-os-image.ts';
import { ostree } from './ostree.ts';

/** One deployment, as the status shows it. */
export interface Deployed {
  readonly kind: 'booted' | 'staged' | 'other';
  /** Names it among those of its backend. */
  readonly id: string;
  readonly rootPath: string;
  readonly locked: boolean;
  readonly pinned: boolean;
  readonly name: ImageName;
  readonly image: Omit<FetchedImage, 'treePath'>;
  /** `ostree` or `composefs` of the status entry. */
  readonly entry: { readonly ostree: object | null; readonly composefs: object | null };
}

export interface Backend {
  /** Its folder below /sysroot. */
  readonly folder: 'ostree' | 'composefs';
  /** In the order in which they would boot. */
  deployments(): readonly Deployed[];
  install(image: FetchedImage, name: ImageName): void;
  /** In place of what was staged. */
  stage(image: FetchedImage, name: ImageName, locked: boolean): void;
  setLocked(locked: boolean): void;
  /** Makes a deployment the next to boot and drops what is staged. */
  bootNext(id: string): void;
}

export function backend(): Backend {
  return existsSync('/sysroot/composefs') ? composefs : ostree;
}
