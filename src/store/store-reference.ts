import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../model/failure.ts';
import { findDriver } from './layout.ts';

/** A store to be written, and where its locks and mounts of this boot are kept. */
export interface StorePlace {
  readonly storePath: string;
  readonly runRoot: string;
  /** Of a store that is not there yet; `overlay` unless given. An existing store keeps its own. */
  readonly driver?: string;
}

/**
 * The store as containers-transports(5) has it, `containers-storage:[driver@store+run]`, to be followed by a name or `@id`. No
 * options but one: overlay works without, rootless too (Linux 5.13), but what fuse-overlayfs has written it has to write on.
 * @throws Failure `BadConfiguration` for a path that cannot be written so, `StoreUnknown`, `StoreDamaged`
 */
export async function storeReference({ storePath, runRoot, driver }: StorePlace): Promise<string> {
  for (const path of [storePath, runRoot]) {
    if (!path.startsWith('/') || /[+:,\]]/.test(path)) {
      throw new Failure(
        'BadConfiguration',
        `${path}: skopeo takes a store's path only if it is absolute and has none of "+", ":", "," and "]"; choose another folder`,
      );
    }
  }
  const found = (await findDriver(storePath)) || driver || 'overlay';
  const options = (await needsFuse(storePath, found)) ? ':overlay.mount_program=/usr/bin/fuse-overlayfs' : '';
  return `containers-storage:[${found}@${storePath}+${runRoot}${options}]`;
}

/** The overlay driver notes in the store whether a mount program has written it (drivers/overlay/overlay.go). */
async function needsFuse(storePath: string, driver: string): Promise<boolean> {
  if (driver !== 'overlay') return false;
  const note = await readFile(join(storePath, 'overlay', '.has-mount-program'), 'utf8').catch(() => '');
  return note.trim() === 'true';
}
