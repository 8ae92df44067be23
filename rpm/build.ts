// `npm run rpm`, behind `npm run dist`: builds the packages of rpm/dist with rpmbuild and has rpmlint look at them.
import { spawnSync } from 'node:child_process';
import { copyFile, readFile, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

const out = join(import.meta.dirname, 'dist');
// Another folder for the packages, and options of rpmbuild, such as --define 'dist .fc44'.
const [to = out, ...options] = process.argv.slice(2);
const spec = join(out, 'bound-images.spec');
const [source = ''] = await found('.tar.gz', out);
// Always the same folder: the source package has its path in it, and the others have the digest of that.
const top = join(out, 'build');
try {
  run('rpmbuild', [
    '-ba',
    ...defines({
      _topdir: top,
      _sourcedir: out,
      // The same packages, byte for byte, of the same source.
      _buildhost: 'reproducible',
      use_source_date_epoch_as_buildtime: '1',
      clamp_mtime_to_source_date_epoch: '1',
      source_date_epoch_from_changelog: '0',
    }),
    ...(await forThisMachine()),
    ...options,
    spec,
  ]);
  for (const path of await found('.rpm', top)) await copyFile(path, join(to, basename(path)));
  const packages = await found('.rpm', to, false);
  const config = join(import.meta.dirname, 'rpmlint.toml');
  run('rpmlint', ['--config', config, spec, ...packages.sort()]);
} finally {
  await rm(top, { recursive: true, force: true });
}

async function found(ending: string, folder: string, recursive = true): Promise<string[]> {
  const names = await readdir(folder, { recursive });
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

/** Debian has neither the macros of systemd and of SELinux, nor packages of rpm that could satisfy a `BuildRequires:`. */
async function forThisMachine(): Promise<string[]> {
  const os = await readFile('/etc/os-release', 'utf8');
  if (!/^ID(?:_LIKE)?=.*debian/m.test(os)) return [];
  return ['--nodeps', '--load', join(import.meta.dirname, '..', 'test', 'rpm', 'macros.debian')];
}

function defines(macros: Readonly<Record<string, string>>): string[] {
  return Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
}

/** The time of everything in the packages is that of the source. */
function run(program: string, argv: readonly string[]): void {
  const listed = spawnSync('tar', ['--list', '--verbose', '--full-time', '--utc', '--file', source], {
    encoding: 'utf8',
  });
  const [, date = ''] = /(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)/.exec(listed.stdout) ?? [];
  const env = {
    ...process.env,
    SOURCE_DATE_EPOCH: String(Date.parse(`${date}Z`) / 1000),
    TZ: 'UTC',
    LC_ALL: 'C.UTF-8',
  };
  const { status, error, stdout, stderr } = spawnSync(program, argv, {
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (error !== undefined) throw error;
  // rpmbuild tells every command of every scriptlet.
  if (status !== 0) process.stderr.write(stdout + stderr);
  if (status !== 0) throw new Error(`${program} ended with ${status}`);
}
