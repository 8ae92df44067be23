import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '../model/failure.ts';

/** Where a command looks and what it prints; the same for every command that reads a root and a store. */
export interface Place {
  readonly root?: string;
  readonly store?: string;
  readonly json?: boolean;
}

/** Of commands that ask registries too. */
export interface PullPlace extends Place {
  readonly authfile?: string;
}

/** Where bootc keeps bound images: an additional image store that its own quadlets name (bootc, "Logically bound images"). */
const bootcStorePath = '/usr/lib/bootc/storage';

/**
 * The root and store that a command works on, as absolute paths.
 * @throws Failure `Usage` for a root that is no folder, `NotBootcHost` where no store is given and the host has none of bootc's.
 */
export function placeOf({ root = '/', store }: Place): { rootPath: string; storePath: string } {
  const rootPath = resolve(root);
  if (statSync(rootPath, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new Failure('Usage', `--root ${root}: there is no such folder`);
  if (store !== undefined) return { rootPath, storePath: resolve(store) };
  if (!existsSync(bootcStorePath)) {
    throw new Failure(
      'NotBootcHost',
      `this is not a bootc host (${bootcStorePath} is not there): name a store with --store`,
    );
  }
  return { rootPath, storePath: bootcStorePath };
}

/** The file that --authfile names, as an absolute path. @throws Failure `Usage` where it is not there */
export function authFileOf({ authfile }: Pick<PullPlace, 'authfile'>): string | undefined {
  if (authfile === undefined) return undefined;
  if (!existsSync(authfile)) throw new Failure('Usage', `--authfile ${authfile}: there is no such file`);
  return resolve(authfile);
}
