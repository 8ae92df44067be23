import { access as canAccess, constants } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importImage } from '../store/import-image.ts';
import type { Access } from './access.ts';
import type { ImportPull } from './pull-images.ts';

/** Writes a planned pull into a store: by the digest that was planned, under the name that was asked for. */
export function importPullInto(storePath: string, access: Access): ImportPull {
  return async ({ want, manifest }, signal, onBytes) => {
    const { domain, path, digest: pinned } = want.reference;
    // A name that pins an index's digest is refused any other source; a tag gets the platform's image that was planned.
    const digest = pinned ?? manifest.digest;
    await importImage(
      {
        storePath,
        runRoot: await runRoot(),
        source: { registry: domain, path, digest },
        name: want.storeName,
        pull: await access.pullOptions(want),
      },
      { signal, onBytes },
    );
  };
}

/** Where c/storage keeps its mounts of this boot: not below /run for a user, even one who is root in a namespace. */
async function runRoot(): Promise<string> {
  try {
    await canAccess('/run', constants.W_OK);
    return '/run/bound-images/storage';
  } catch {
    return join(process.env['XDG_RUNTIME_DIR'] ?? tmpdir(), 'bound-images/storage');
  }
}
