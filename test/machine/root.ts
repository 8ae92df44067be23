import { createHash } from 'node:crypto';
import { access, copyFile, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { lastLine, runProgram } from '../../src/system/run-program.ts';
import { debianMirror } from '../host/mirror.ts';
import { cacheFolder } from '../host/root.ts';
import { recipe } from './recipe.ts';

const buildLimitMs = 15 * 60_000;

/**
 * The folder of the machine's root, with its kernel and initramfs in `boot`, built by mmdebstrap (a minute or two, 700 MB) unless the
 * cache has it.
 * @throws Error with what the program that failed said last
 */
export async function builtRoot(signal?: AbortSignal): Promise<string> {
  const cil = join(import.meta.dirname, 'machine.cil');
  const hash = createHash('sha256')
    .update(JSON.stringify(recipe))
    .update(await readFile(cil))
    .digest('hex')
    .slice(0, 12);
  const rootPath = join(cacheFolder, `machine-${hash}`);
  if (await exists(rootPath)) return rootPath;
  const mirror = await debianMirror();
  await mkdir(cacheFolder, { recursive: true });
  const aside = await mkdtemp(join(cacheFolder, 'building-'));
  try {
    const slim = ['man', 'locale', 'doc'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
    const include = `--include=${recipe.packages.join(',')}`;
    await run(
      'mmdebstrap',
      ['--variant=minbase', '--mode=root', include, ...slim, recipe.suite, aside, mirror],
      signal,
    );
    await furnish(aside);
    await copyFile(cil, join(aside, 'tmp', 'machine.cil'));
    await run('chroot', [aside, 'semodule', '--noreload', '--install=/tmp/machine.cil'], signal);
    await run('chroot', [aside, 'update-initramfs', '-u'], signal);
    await rename(aside, rootPath);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    // Another run may have built it meanwhile.
    if (!(await exists(rootPath))) throw error;
  }
  return rootPath;
}

async function run(program: string, argv: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  const { exitCode, stderr } = await runProgram(program, argv, { limitMs: buildLimitMs, signal });
  if (exitCode !== 0) throw new Error(`${program} failed: ${lastLine(stderr)}\n${stderr}`);
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
