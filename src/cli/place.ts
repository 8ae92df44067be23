import { existsSync, lstatSync, statSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Failure } from '../model/failure.ts';
import { makeFolder } from '../system/make-folder.ts';

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
/** Where that name leads, as bootc's package has it. */
const bootcStoreTarget = '/sysroot/ostree/bootc/storage';
/** An ostree deployment: its store is that of the sysroot that it is deployed in. */
const deploymentPath = /^(.*)\/ostree\/deploy\/[^/]+\/deploy\/[^/]+$/;

/**
 * The root and store that a command works on, as absolute paths. A root other than / has a store of its own, which need not be there.
 * @throws Failure `Usage` for a root that is no folder or has no place for a store, `NotBootcHost` where neither root nor store is given
 * and the host has none of bootc's.
 */
export async function placeOf({
  root = '/',
  store,
}: Place): Promise<{ rootPath: string; storePath: string }> {
  const rootPath = resolve(root);
  if (statSync(rootPath, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new Failure('Usage', `--root ${root}: there is no such folder`);
  if (store !== undefined) return { rootPath, storePath: resolve(store) };
  if (rootPath !== '/') return { rootPath, storePath: await storeInside(rootPath) };
  if (!existsSync(bootcStorePath)) {
    throw new Failure(
      'NotBootcHost',
      `this is not a bootc host (${bootcStorePath} is not there): name a store with --store`,
    );
  }
  return { rootPath, storePath: bootcStorePath };
}

/** The links of a root that is being built are for the host that it will be: they are followed inside it, and never out of it. */
async function storeInside(rootPath: string): Promise<string> {
  const sysroot = deploymentPath.exec(rootPath)?.[1];
  if (sysroot !== undefined) return join(sysroot, 'ostree/bootc/storage');
  const store =
    (await linkInside(rootPath)) === undefined
      ? await insideRoot(rootPath, bootcStorePath)
      : await insideRoot(rootPath, bootcStoreTarget);
  if (store !== undefined) return store;
  throw new Failure(
    'Usage',
    `${bootcStorePath} of ${rootPath} leads to no folder: mend it, or name a store with --store`,
  );
}

/** Where the link to the store of a root is to be made; undefined where one is. */
async function linkInside(rootPath: string): Promise<string | undefined> {
  const folder = await insideRoot(rootPath, dirname(bootcStorePath));
  const link = folder === undefined ? undefined : join(folder, basename(bootcStorePath));
  return link === undefined || lstatSync(link, { throwIfNoEntry: false }) !== undefined ? undefined : link;
}

/** A folder of a root, or where it is to be made, without links; undefined where something else stands. */
async function insideRoot(rootPath: string, path: string): Promise<string | undefined> {
  // Loaded here: on a host nothing is resolved.
  const [{ diskTree }, inRoot] = await Promise.all([
    import('../definitions/disk-tree.ts'),
    import('../definitions/resolve.ts'),
  ]);
  const found = await inRoot.resolve(diskTree(rootPath), path);
  return found.kind === 'folder' || found.kind === 'missing' ? join(rootPath, found.path) : undefined;
}

/**
 * Makes the folder that a store is to be made in, with a mode that others can pass: who writes a store makes what is missing above it
 * for itself alone. In a root that is being built, it also makes the link that units name the store by.
 */
export async function prepareStore({
  rootPath,
  storePath,
}: {
  rootPath: string;
  storePath: string;
}): Promise<void> {
  const isOwn =
    rootPath !== '/' && !deploymentPath.test(rootPath) && storePath === (await storeInside(rootPath));
  const link = isOwn ? await linkInside(rootPath) : undefined;
  await makeFolder(dirname(storePath));
  if (link === undefined) return;
  await makeFolder(dirname(link));
  await symlink(bootcStoreTarget, link);
}

/** The file that --authfile names, as an absolute path. @throws Failure `Usage` where it is not there */
export function authFileOf({ authfile }: Pick<PullPlace, 'authfile'>): string | undefined {
  if (authfile === undefined) return undefined;
  if (!existsSync(authfile)) throw new Failure('Usage', `--authfile ${authfile}: there is no such file`);
  return resolve(authfile);
}
