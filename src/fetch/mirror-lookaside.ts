import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../model/failure.ts';
import { mergeRegistriesD, type RegistriesD } from './mirror-signatures.ts';

/** containers/image takes no larger one (internal/iolimits, MaxSignatureBodySize). */
const limitSignatureBytes = 4 * 1024 * 1024;
const limitConfigBytes = 1024 * 1024;

/**
 * The registries.d that skopeo would read: the user's own in place of the host's.
 * @param parseYaml of the text of a file; may throw
 * @throws Failure `BadConfiguration`
 */
export async function readRegistriesD(
  parseYaml: (text: string) => unknown,
  folders = [join(homedir(), '.config/containers/registries.d'), '/etc/containers/registries.d'],
): Promise<RegistriesD> {
  const files = new Map<string, unknown>();
  for (const folder of folders) {
    const names = await readdir(folder).catch((error: unknown) => {
      if (isAbsent(error)) return undefined;
      throw new Failure('BadConfiguration', `${folder}: cannot be read`, { cause: error });
    });
    if (names === undefined) continue;
    for (const name of names.toSorted().filter((each) => each.endsWith('.yaml'))) {
      const path = join(folder, name);
      try {
        const bytes = await readBounded(path, limitConfigBytes);
        // Removed since it was listed: skopeo would pass it over too.
        if (bytes !== undefined) files.set(path, parseYaml(bytes.toString('utf8')));
      } catch (error) {
        if (error instanceof Failure) throw error;
        throw new Failure('BadConfiguration', `${path}: not YAML; mend it`, { cause: error });
      }
    }
    break;
  }
  return mergeRegistriesD(files);
}

/** A signature in a lookaside storage that is a folder; undefined where there is none. @throws Failure `BadConfiguration` */
export async function readSignatureFile(url: URL): Promise<Buffer | undefined> {
  return readBounded(fileURLToPath(url), limitSignatureBytes);
}

async function readBounded(path: string, limitBytes: number): Promise<Buffer | undefined> {
  try {
    // Without O_NONBLOCK a named pipe would hold us for ever.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > limitBytes)
      throw new Failure(
        'BadConfiguration',
        `${path}: no file of at most ${limitBytes} bytes; mend or remove it`,
      );
    return await file.readFile();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    if (error instanceof Failure) throw error;
    throw new Failure('BadConfiguration', `${path}: cannot be read`, { cause: error });
  }
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
