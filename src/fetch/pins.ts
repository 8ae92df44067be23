import { randomUUID } from 'node:crypto';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asDigest, type Digest } from '../model/digest.ts';
import { makeFolder } from '../system/make-folder.ts';
import { writeFileWhole } from '../system/write-file.ts';
import { isAlive, parseOwner, thisProcess } from '../system/process-owner.ts';

/** Says to every process that these digests are needed, as long as this one lives. */
export async function writePin(folderPath: string, digests: Iterable<Digest>): Promise<AsyncDisposable> {
  await makeFolder(folderPath, 0o700);
  const path = join(folderPath, `${randomUUID()}.json`);
  const text = JSON.stringify({ ...(await thisProcess()), digests: [...digests] });
  // No process outlasts a power loss.
  await writeFileWhole(path, text, { mode: 0o600, sync: false });
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

/** What living processes need; the pins of dead ones are removed. */
export async function readPins(folderPath: string): Promise<ReadonlySet<Digest>> {
  const pinned = new Set<Digest>();
  for (const name of await readdir(folderPath).catch(() => [])) {
    // Those being written begin with a dot.
    if (!/^[0-9a-f]/.test(name)) continue;
    const path = join(folderPath, name);
    const text = await readFile(path, 'utf8').catch(() => '');
    const owner = parseOwner(text);
    if (owner === undefined || !(await isAlive(owner))) await rm(path, { force: true });
    else digestsOf(text).forEach((digest) => pinned.add(digest));
  }
  return pinned;
}

function digestsOf(text: string): readonly Digest[] {
  const { digests } = JSON.parse(text) as { digests?: unknown };
  return Array.isArray(digests) ? digests.flatMap((digest) => asDigest(digest) ?? []) : [];
}
