// Builds the packages and installs them into an empty root. That they work is seen in test/machine.
import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile, readdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { version } from '../../src/prefetch/version.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const project = join(import.meta.dirname, '..', '..');
const out = join(project, 'rpm', 'dist');
const release = `${version}-1`;
const names = ['bound-images', 'bound-images-selinux', 'cockpit-bound-images'];
const file = (name: string): string => join(out, `${name}-${release}.noarch.rpm`);

beforeAll(async () => {
  await run(process.execPath, join(project, 'rpm', 'dist.ts'));
  await build();
}, 120_000);

async function run(program: string, ...argv: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram(program, argv, { limitMs: 120_000 });
  if (exitCode !== 0)
    throw new Error(`${program} ${argv.join(' ')} ended with ${exitCode}: ${stdout.toString()}${stderr}`);
  return stdout.toString('utf8');
}

/** rpmlint is part of it. */
async function build(...more: string[]): Promise<void> {
  await run(process.execPath, join(project, 'rpm', 'build.ts'), ...more);
}

async function digests(): Promise<Record<string, string>> {
  const paths = [...names.map((name) => file(name)), join(out, `bound-images-${release}.src.rpm`)];
  const all = paths.map(async (path) => [
    path,
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
  ]);
  return Object.fromEntries(await Promise.all(all)) as Record<string, string>;
}

/** Everything below a root by path: the mode of a file, a folder's with a slash, or where a link leads. */
async function tree(rootPath: string): Promise<Record<string, string>> {
  const found = await readdir(rootPath, { recursive: true, withFileTypes: true });
  const entries = found.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const { mode, uid, gid } = await lstat(path);
    expect([path, uid, gid]).toEqual([path, 0, 0]);
    const octal = (mode & 0o7777).toString(8);
    const what = entry.isSymbolicLink()
      ? `-> ${await readlink(path)}`
      : `${octal}${entry.isDirectory() ? '/' : ''}`;
    return [path.slice(rootPath.length), what];
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<string, string>;
}

async function rpm(rootPath: string, ...argv: string[]): Promise<string> {
  // An empty root has no shell for scriptlets.
  const changes = argv[0] === '--query' ? [] : ['--nodeps', '--noscripts'];
  return run('rpm', '--root', rootPath, ...changes, ...argv);
}

/** Without rpm's own database. */
async function installed(rootPath: string): Promise<Record<string, string>> {
  const all = Object.entries(await tree(rootPath));
  return Object.fromEntries(
    all.filter(([path]) => !/^\/(?:var\/lib\/rpm|usr\/lib\/sysimage|root)(?:\/|$)/.test(path)),
  );
}

test('two builds of one source are the same, byte for byte', async () => {
  const first = await digests();
  await build();
  expect(await digests()).toEqual(first);
}, 120_000);

test('what the packages put where', async () => {
  await using root = await temporaryFolder();
  await rpm(root.path, '--install', ...names.map((name) => file(name)));
  const found = await installed(root.path);
  expect(found).toMatchObject({
    '/usr/bin/bound-images': '755',
    '/usr/lib/bound-images/bound-images.js': '644',
    '/usr/lib/bound-images/storage': '-> /var/lib/bound-images/storage',
    '/usr/lib/bound-images.d': '755/',
    '/etc/bound-images.d': '755/',
    '/usr/lib/systemd/system/bootc-fetch-apply-updates.service.d/50-bound-images.conf': '644',
    '/usr/lib/systemd/system-preset/90-bound-images.preset': '644',
    '/usr/lib/tmpfiles.d/bound-images.conf': '644',
    '/usr/share/dbus-1/system.d/org.boundimages1.conf': '644',
    '/usr/share/dbus-1/system-services/org.boundimages1.service': '644',
    '/usr/share/polkit-1/actions/org.boundimages1.policy': '644',
    '/usr/share/cockpit/boundimages/manifest.json': '644',
    '/usr/share/bash-completion/completions/bound-images': '644',
  });
  // Every unit of the project, and nothing else there.
  const units = (await readdir(join(project, 'systemd'))).filter((name) =>
    /^bound-images.*\.(?:service|timer|path)$/.test(name),
  );
  const put = Object.keys(found).flatMap(
    (path) => /^\/usr\/lib\/systemd\/system\/(bound-images[^/]*)$/.exec(path)?.[1] ?? [],
  );
  expect(put.sort()).toEqual(units.sort());
  for (const page of await readdir(join(project, 'docs', 'man')))
    expect(found).toHaveProperty([`/usr/share/man/man${page.at(-1)}/${page}`], '644');
  // Nothing is run by its path but the program, nothing has set-id bits, and of /var there is nothing: tmpfiles makes it.
  const odd = Object.entries(found).filter(
    ([path, what]) => /^(?:755|[1-7]\d{3}\/?)$/.test(what) || path.startsWith('/var/'),
  );
  expect(odd.map(([path]) => path).filter((path) => !/^\/var\/lib(?:\/|$)/.test(path))).toEqual([
    '/usr/bin/bound-images',
  ]);
});

test('an upgrade and a removal keep what the host has in its folders, and leave nothing else', async () => {
  await using root = await temporaryFolder();
  await using next = await temporaryFolder();
  await build(next.path, '--define', 'dist .next');
  await rpm(root.path, '--install', file('bound-images'));
  const kept = [
    '/var/lib/bound-images/storage/overlay-images/images.json',
    '/etc/bound-images.d/10-site.toml',
    '/etc/bound-images.toml',
  ];
  for (const path of kept) {
    await mkdir(join(root.path, path, '..'), { recursive: true });
    await writeFile(join(root.path, path), path);
  }
  await rpm(root.path, '--upgrade', join(next.path, `bound-images-${release}.next.noarch.rpm`));
  expect((await rpm(root.path, '--query', 'bound-images')).trim()).toBe(
    `bound-images-${release}.next.noarch`,
  );
  await rpm(root.path, '--erase', 'bound-images');
  const left = Object.entries(await installed(root.path));
  expect(left.flatMap(([path, what]) => (what.endsWith('/') ? [] : [path])).sort()).toEqual(kept.sort());
  for (const path of kept) expect(await readFile(join(root.path, path), 'utf8')).toBe(path);
  expect(
    left.map(([path]) => path).filter((path) => path.startsWith('/usr/') && path.includes('bound')),
  ).toEqual([]);
}, 120_000);

test('what they ask for', async () => {
  const requires = await run('rpm', '--query', '--requires', '--package', file('bound-images'));
  for (const one of ['nodejs(engine) >= 22.22', 'skopeo', 'podman', 'polkit'])
    expect(requires.split('\n')).toContain(one);
  // Node itself, or what is loaded when it starts, must not come from the caller.
  expect(await readFile(join(project, 'rpm', 'bound-images.sh'), 'utf8')).toContain('unset NODE_OPTIONS');
});

test.for([
  ['bound-images', 'execa', 'LICENSES.txt'],
  ['cockpit-bound-images', 'react-dom', 'cockpit/boundimages/LICENSES.txt'],
] as const)(
  '%s says which npm packages are in it, and carries their licences',
  async ([name, one, texts]) => {
    const provides = await run('rpm', '--query', '--provides', '--package', file(name));
    const { version: itsVersion } = JSON.parse(
      await readFile(join(project, 'node_modules', one, 'package.json'), 'utf8'),
    ) as { version: string };
    expect(provides).toContain(`bundled(npm(${one})) = ${itsVersion}\n`);
    const tarball = join(out, `bound-images-${version}.tar.gz`);
    const member = `bound-images-${version}/${texts}`;
    const licences = await run('tar', '--extract', '--to-stdout', '--file', tarball, member);
    // "NAME VERSION (SPDX)" above each text.
    const stated = await run('rpm', '--query', '--queryformat=%{license}', '--package', file(name));
    for (const [, bundled = ''] of provides.matchAll(/bundled\(npm\((.*)\)\)/g)) {
      const [, licence] =
        new RegExp(String.raw`^(?:== )?${bundled} \d\S*?(?:,? \(?)(\S+?)\)?$`, 'm').exec(licences) ?? [];
      expect([bundled, stated.split(' AND ')]).toEqual([bundled, expect.arrayContaining([licence])]);
    }
  },
);

test('software centres find the page as it was released, and valid', async () => {
  await using root = await temporaryFolder();
  await rpm(root.path, '--install', file('cockpit-bound-images'));
  const metainfo = join(root.path, 'usr/share/metainfo/org.boundimages.cockpit.metainfo.xml');
  await run('appstreamcli', 'validate', '--no-net', '--pedantic', metainfo);
  const text = await readFile(metainfo, 'utf8');
  // What it launches is the folder of the page, and the version is this one.
  const [, page = ''] = /<launchable type="cockpit-manifest">(.*)<\/launchable>/.exec(text) ?? [];
  await lstat(join(root.path, 'usr/share/cockpit', page, 'manifest.json'));
  expect(/<release version="([^"]*)"/.exec(text)?.[1]).toBe(version);
});
