import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

/** What stands at a path of a root: a file's text, a link, or a folder. */
export type RootNode = string | { readonly link: string } | { readonly folder: true };

export const quadletFolder = '/usr/share/containers/systemd';
export const boundFolder = '/usr/lib/bootc/bound-images.d';

/** A root on disk, removed when the test has ended. */
export async function makeRoot(nodes: Readonly<Record<string, RootNode>>): Promise<string> {
  const temporary = await temporaryFolder();
  onTestFinished(() => temporary[Symbol.asyncDispose]());
  const rootPath = join(temporary.path, 'root');
  await mkdir(rootPath);
  for (const [path, node] of Object.entries(nodes)) {
    await mkdir(dirname(join(rootPath, path)), { recursive: true });
    if (typeof node === 'string') await writeFile(join(rootPath, path), node);
    else if ('link' in node) await symlink(node.link, join(rootPath, path));
    else await mkdir(join(rootPath, path), { recursive: true });
  }
  return rootPath;
}

/** A quadlet in podman's folder that is bound. */
export function bound(name: string, text: string): Record<string, RootNode> {
  return {
    [`${quadletFolder}/${name}`]: text,
    [`${boundFolder}/${name}`]: { link: `../../../share/containers/systemd/${name}` },
  };
}
