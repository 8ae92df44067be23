import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const quadlets = 'usr/share/containers/systemd';
const boundImages = 'usr/lib/bootc/bound-images.d';

/** Writes what an OS image has that binds these images: for each file name a quadlet with this `Image=`, and the link to it. */
export async function writeRoot(rootPath: string, images: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(rootPath, quadlets), { recursive: true });
  await mkdir(join(rootPath, boundImages), { recursive: true });
  for (const [name, image] of Object.entries(images)) {
    // The demo's registry speaks plain HTTP.
    await writeFile(join(rootPath, quadlets, name), `[Image]\nImage=${image}\nTLSVerify=false\n`);
    await symlink(`/${quadlets}/${name}`, join(rootPath, boundImages, name));
  }
}
