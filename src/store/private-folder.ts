import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../system/make-folder.ts';
import { isAlive, type Owner, thisProcess } from '../system/process-owner.ts';

const prefix = 'bound-images-';
/** `BOOT.PID.START.RANDOM`: no other process ever had the first three. */
const pattern = /^bound-images-([0-9a-f-]{36})\.(\d+)\.(\d+)\.\w+$/;

/**
 * A new folder of mode 0700 below `parentPath`, which is made where it is not there; removed with all in it on disposal. Those of
 * processes that were killed are removed by the next who makes one beside them.
 */
export async function privateFolder(
  parentPath: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  await makeFolder(parentPath, 0o700);
  await removeDead(parentPath);
  const { bootId, pid, startTicks } = await thisProcess();
  const path = await mkdtemp(join(parentPath, `${prefix}${bootId}.${pid}.${startTicks}.`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function removeDead(parentPath: string): Promise<void> {
  for (const name of await readdir(parentPath).catch(() => [])) {
    const owner = ownerOf(name);
    if (owner === undefined || (await isAlive(owner))) continue;
    // Its skopeo may still write there, until it finds that its mirror is gone: then the next one removes it.
    await rm(join(parentPath, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function ownerOf(name: string): Owner | undefined {
  const [, bootId, pid, startTicks] = pattern.exec(name) ?? [];
  if (bootId === undefined || pid === undefined || startTicks === undefined) return undefined;
  return { bootId, pid: Number(pid), startTicks };
}
