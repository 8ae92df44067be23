import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../src/system/run-program.ts';

export interface User extends AsyncDisposable {
  /** Stands before a command that reads or writes a store. */
  readonly prefix: readonly string[];
}

/**
 * What root or an ordinary user needs to have a store. A user writes it as root of a user namespace, which `podman unshare` gives;
 * all that programs keep for the user then goes below `folder`, and can be removed with it after disposal.
 */
export async function openUser(folder: string): Promise<User> {
  if (process.getuid?.() === 0) return { prefix: [], [Symbol.asyncDispose]: async () => {} };
  const home = join(folder, 'home');
  const runtime = join(folder, 'runtime');
  for (const path of [home, runtime]) await mkdir(path, { mode: 0o700 });
  // Every program that the demo runs inherits it.
  Object.assign(process.env, { HOME: home, XDG_RUNTIME_DIR: runtime });
  for (const name of ['XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_CACHE_HOME']) delete process.env[name];

  // Ends the process that keeps the namespace, and with it the mounts there.
  const endNamespace = async (): Promise<unknown> => runProgram('podman', ['system', 'migrate']);
  return {
    prefix: ['podman', 'unshare'],
    [Symbol.asyncDispose]: async () => {
      await endNamespace();
      // Overlay's work folders can be entered by a root alone, be it a namespace's.
      const stores = ['store', 'root', 'home'].map((name) => join(folder, name));
      await runProgram('podman', ['unshare', 'rm', '-rf', ...stores]);
      await endNamespace();
    },
  };
}
