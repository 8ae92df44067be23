import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { lastLine, runProgram } from '../../src/system/run-program.ts';
import { debianMirror } from './mirror.ts';
import { recipe } from './recipe.ts';

/** Holds the built roots and the disks of hosts that are up. Must be on a real file system: an overlay cannot lie on an overlay. */
export const cacheFolder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'bound-images');

const buildLimitMs = 15 * 60_000;

/**
 * The folder of the test host's root, built by mmdebstrap (half a minute, and about 500 MB) unless the cache has it.
 * @throws Error with what mmdebstrap said last.
 */
export async function builtRoot(signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
  const rootPath = join(cacheFolder, `host-${hash}`);
  if (await exists(rootPath)) return rootPath;
  const mirror = await debianMirror();
  await mkdir(cacheFolder, { recursive: true });
  const aside = await mkdtemp(join(cacheFolder, 'building-'));
  try {
    const include = `--include=${recipe.packages.join(',')}`;
    const slim = ['man', 'locale', 'doc'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
    const argv = ['--variant=minbase', '--mode=root', include, ...slim, recipe.suite, aside, mirror];
    const built = await runProgram('mmdebstrap', argv, { limitMs: buildLimitMs, signal });
    if (built.exitCode !== 0)
      throw new Error(`mmdebstrap failed: ${lastLine(built.stderr)}\n${built.stderr}`);
    await furnish(aside);
    await rename(aside, rootPath);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    // Another run may have built it meanwhile.
    if (!(await exists(rootPath))) throw error;
  }
  return rootPath;
}

async function furnish(rootPath: string): Promise<void> {
  for (const [path, text] of Object.entries(recipe.files)) {
    await mkdir(dirname(join(rootPath, path)), { recursive: true });
    await writeFile(join(rootPath, path), text);
  }
  const masks = recipe.masked.map((unit) => [`etc/systemd/system/${unit}`, '/dev/null']);
  for (const [path = '', target = ''] of [...Object.entries(recipe.links), ...masks]) {
    await mkdir(dirname(join(rootPath, path)), { recursive: true });
    await rm(join(rootPath, path), { force: true });
    await symlink(target, join(rootPath, path));
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
