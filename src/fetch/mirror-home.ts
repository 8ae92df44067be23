import { readdir, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { mirrorConf, mirrorRegistriesD } from './mirror-conf.ts';
import type { MirrorImage, ServedAt } from './mirror-image.ts';
import { makeFolder } from '../system/make-folder.ts';

const own = new Set(['registries.conf', 'registries.conf.d', 'registries.d']);

/**
 * Writes the configuration that leads one run of skopeo to the mirror, as that of a user: drop-ins in a user's home are read last, so
 * that one of the host's with the very prefix does not replace ours, and the host's own stay in force. What else the user has
 * there (policy.json, storage.conf) counts as before.
 * @param folderPath private, and there; KEY is in what is written
 * @returns the environment that skopeo has to have
 */
export async function writeMirrorHome(
  folderPath: string,
  image: MirrorImage,
  served: ServedAt,
  usersPath = join(homedir(), '.config/containers'),
): Promise<Readonly<Record<string, string>>> {
  const config = join(folderPath, '.config');
  const containers = join(config, 'containers');
  await makeFolder(containers);
  const names = await readdir(usersPath).catch(() => []);
  for (const name of names.filter((each) => !own.has(each)))
    await symlink(join(usersPath, name), join(containers, name));
  const files = {
    'registries.conf.d/bound-images.conf': mirrorConf(image, served),
    'registries.d/bound-images.yaml': mirrorRegistriesD(image, served),
  };
  for (const [name, content] of Object.entries(files)) {
    await makeFolder(join(containers, name, '..'));
    await writeFile(join(containers, name), content, { mode: 0o600 });
  }
  return { HOME: folderPath, XDG_CONFIG_HOME: config };
}
