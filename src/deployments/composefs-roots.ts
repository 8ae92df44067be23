import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Deployment } from '../model/deployment.ts';
import { composefsId, refuseMore } from './deployment-id.ts';
import type { MountImage } from './mount-composefs.ts';
import type { BootcStatus } from './parse-bootc-status.ts';
import { parseOrigin } from './parse-origin.ts';
import { parseStagedImage, type StagedFile } from './staged-file.ts';

/**
 * The deployments of bootc's composefs backend, `/sysroot/composefs/images/VERITY`, none where there is no such folder. The booted
 * one is `/`; the others are mounted to be read.
 * @throws Failure where one cannot be mounted: nothing it needs may then be taken for garbage
 */
export async function composefsRoots(
  hostPath: string,
  status: BootcStatus | undefined,
  mountImage: MountImage,
  countMax: number,
): Promise<Deployment[]> {
  const folder = join(hostPath, 'sysroot/composefs');
  const names = namesIn(join(folder, 'images'));
  const ids = names.filter((name) => composefsId(name) !== undefined).sort();
  if (ids.length === 0) return [];
  refuseMore(ids.length, countMax, join(folder, 'images'));
  const [booted, staged] = [bootedId(hostPath, status), stagedImage(hostPath)];
  const roots: Deployment[] = [];
  for (const id of ids) {
    const slot = id === booted ? 'booted' : id === staged?.id ? 'staged' : 'other';
    const rootPath =
      slot === 'booted'
        ? hostPath
        : await mountImage(join(folder, 'images', id), join(folder, 'objects'), id);
    const osImage = parseOrigin(readSmall(join(hostPath, 'sysroot/state/deploy', id, `${id}.origin`)));
    const locked = slot === 'staged' && staged?.locked === true;
    roots.push({ id, slot, rootPath, ...(osImage === undefined ? {} : { osImage }), locked });
  }
  return roots;
}

/** By bootc, else by the kernel's command line (bootc, `composefs=VERITY`, or `?VERITY` where the file system lacks fs-verity). */
function bootedId(hostPath: string, status: BootcStatus | undefined): string | undefined {
  const known = status?.entries.find(({ slot }) => slot === 'booted')?.id;
  if (known !== undefined) return known;
  const commandLine = readSmall(join(hostPath, 'proc/cmdline'));
  return composefsId(
    /(?:^|\s)composefs(?:\.digest)?=\??(?:[\w-]+:)?\??([0-9a-f]+)(?:\s|$)/.exec(commandLine)?.[1],
  );
}

function stagedImage(hostPath: string): StagedFile | undefined {
  return parseStagedImage(readSmall(join(hostPath, 'run/composefs/staged-deployment')));
}

function readSmall(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
