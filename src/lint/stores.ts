import { parse } from 'smol-toml';
import * as v from 'valibot';
import type { StoreMode, StoresOfRoot } from '../bundle/lint-containers.ts';
import { readText } from '../definitions/read-text.ts';
import { resolve } from '../definitions/resolve.ts';
import { Failure } from '../model/failure.ts';
import type { Tree } from '../model/tree.ts';

/**
 * Which store the units of a root have to name, by the backend that `bootc install` gives an image of it (bootc-installation(7), "The
 * storage backend"): composefs where it ships a UKI, or setup-root-conf.toml and no prepare-root.conf of ostree; else ostree.
 */
export async function storesOfRoot(tree: Tree, mode: StoreMode | undefined): Promise<StoresOfRoot> {
  return {
    mode: mode ?? ((await isForComposefs(tree)) ? 'own' : 'bootc'),
    configured: await configuredStores(tree),
  };
}

async function isForComposefs(tree: Tree): Promise<boolean> {
  const has = async (path: string): Promise<boolean> => (await resolve(tree, path)).kind === 'file';
  if (await shipsUki(tree)) return true;
  return (
    (await has('/usr/lib/composefs/setup-root-conf.toml')) &&
    !(await has('/usr/lib/ostree/prepare-root.conf')) &&
    !(await has('/etc/ostree/prepare-root.conf'))
  );
}

/** Where an image has its unified kernel images: the folder of the EFI partition, or beside the kernel. */
async function shipsUki(tree: Tree): Promise<boolean> {
  const kernels = (await namesIn(tree, '/usr/lib/modules')).map((name) => `/usr/lib/modules/${name}`);
  for (const folder of ['/boot/EFI/Linux', ...kernels])
    if ((await namesIn(tree, folder)).some((name) => name.endsWith('.efi'))) return true;
  return false;
}

async function namesIn(tree: Tree, path: string): Promise<readonly string[]> {
  const resolved = await resolve(tree, path);
  if (resolved.kind !== 'folder') return [];
  try {
    return (await tree.list(resolved.path)).names;
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
}

const storageSchema = v.object({
  storage: v.object({ options: v.object({ additionalimagestores: v.array(v.string()) }) }),
});

/** Of the storage.conf that counts: /etc has it whole, and /usr/share where /etc has none (containers-storage.conf(5)). */
async function configuredStores(tree: Tree): Promise<readonly string[]> {
  for (const path of ['/etc/containers/storage.conf', '/usr/share/containers/storage.conf']) {
    const read = await readText(tree, path);
    if (read.kind !== 'text') continue;
    try {
      const { success, output } = v.safeParse(storageSchema, parse(read.text));
      return success ? output.storage.options.additionalimagestores : [];
    } catch {
      // podman cannot read it either, and looks into no store that it names.
      return [];
    }
  }
  return [];
}
