import { createHash } from 'node:crypto';
import { lstat, mkdir, open, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { beforeEach, expect, it } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { seededBytes } from '../support/image.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openRegistry } from './open-registry.ts';
import { runCli } from './run-cli.ts';

// Images made by the real buildah, and artifacts pushed by the real skopeo.

const registry = await openRegistry();
/** With `out`, where files are written to, and whatever else a test needs. */
let base: string;

beforeEach(async () => {
  const folder = await temporaryFolder();
  base = folder.path;
  return () => folder[Symbol.asyncDispose]();
});

async function run(program: string, ...argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram(program, argv);
  expect({ program, argv, exitCode, stderr: exitCode === 0 ? '' : stderr }).toMatchObject({ exitCode: 0 });
  return stdout.toString('utf8');
}

const buildah = (...argv: readonly string[]): Promise<string> =>
  run('buildah', '--root', join(base, 'root'), '--runroot', join(base, 'run'), ...argv);

async function extract(...argv: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runCli(['extract', ...argv, '--to', join(base, 'out')]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
}

/** All below a folder: kind, mode without setuid, and content or target, by path. */
async function listed(folder: string, below = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of await readdir(join(folder, below))) {
    const path = join(below, name);
    const stats = await lstat(join(folder, path));
    const mode = (stats.mode & 0o1777).toString(8);
    if (stats.isSymbolicLink()) found[path] = `link ${await readlink(join(folder, path))}`;
    else if (stats.isDirectory())
      Object.assign(found, { [path]: `folder ${mode}` }, await listed(folder, path));
    else {
      const content = await readFile(join(folder, path));
      found[path] = `file ${mode} ${createHash('sha256').update(content).digest('hex')}`;
    }
  }
  return found;
}

it('gives what buildah mounts: layers, whiteouts, links, modes', async () => {
  const lower = (await buildah('from', 'scratch')).trim();
  const root = (await buildah('mount', lower)).trim();
  for (const each of ['usr/lib/a', 'usr/lib/gone', 'usr/lib/opaque/old', 'var/empty'])
    await mkdir(join(root, each), { recursive: true });
  await writeFile(join(root, 'usr/lib/a/big'), seededBytes('big', 3_000_000), { mode: 0o640 });
  await writeFile(join(root, 'usr/lib/a/removed'), 'x');
  await writeFile(join(root, 'usr/lib/gone/x'), 'x');
  await writeFile(join(root, 'usr/lib/opaque/old/x'), 'x');
  await writeFile(join(root, 'usr/lib/suid'), 'x');
  await run('chmod', '4755', join(root, 'usr/lib/suid'));
  await run('ln', join(root, 'usr/lib/a/big'), join(root, 'usr/lib/hard'));
  await symlink('usr/lib', join(root, 'lib'));
  await symlink('/usr/lib/a/big', join(root, 'absolute'));
  await buildah('umount', lower);
  await buildah('commit', lower, 'lower');

  const upper = (await buildah('from', 'localhost/lower')).trim();
  const top = (await buildah('mount', upper)).trim();
  await rm(join(top, 'usr/lib/a/removed'));
  await rm(join(top, 'usr/lib/gone'), { recursive: true });
  // Made anew: an opaque folder.
  await rm(join(top, 'usr/lib/opaque'), { recursive: true });
  await mkdir(join(top, 'usr/lib/opaque'));
  await writeFile(join(top, 'usr/lib/opaque/new'), 'new');
  await rm(join(top, 'var/empty'), { recursive: true });
  await writeFile(join(top, 'var/empty'), 'a file now');
  await buildah('umount', upper);
  await buildah('commit', upper, 'upper');

  const check = (await buildah('from', 'localhost/upper')).trim();
  const mounted = await listed((await buildah('mount', check)).trim());
  const reference = `${registry.address}/real:1`;
  const layout = `oci:${base}/layout:1`;
  await buildah('push', '--tls-verify=false', 'localhost/upper', `docker://${reference}`);
  await buildah('push', '--compression-format=zstd', 'localhost/upper', layout);
  await buildah('push', 'localhost/upper', `oci-archive:${base}/archive.tar:1`);
  const store = `containers-storage:[overlay@${base}/root+${base}/run]localhost/upper`;
  expect(mounted).toHaveProperty('usr/lib/opaque/new');
  for (const image of [reference, layout, `oci-archive:${base}/archive.tar`, store]) {
    await extract(image, '/');
    expect({ image, files: await listed(join(base, 'out')) }).toEqual({ image, files: mounted });
    await rm(join(base, 'out'), { recursive: true });
  }

  const before = registry.requests().length;
  await extract(reference, 'lib/a');
  expect(Object.keys(await listed(join(base, 'out'))).sort()).toEqual([
    'lib',
    'usr',
    'usr/lib',
    'usr/lib/a',
    'usr/lib/a/big',
  ]);
  // However often its layers are read, each is fetched once.
  const fetched = registry
    .requests()
    .slice(before)
    .filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'));
  expect(new Set(fetched.map(({ path }) => path)).size).toBe(fetched.length);
});

it('gives the files of an artifact by their titles, and a folder that was packed', async () => {
  const kernel = seededBytes('kernel', 500_000);
  const sums = `${createHash('sha256').update(kernel).digest('hex')}  vmlinuz\n`;
  await mkdir(join(base, 'packed/folder'), { recursive: true });
  await writeFile(join(base, 'packed/folder/x'), 'in a folder');
  await run('tar', '-C', join(base, 'packed'), '-czf', join(base, 'folder.tgz'), 'folder');
  const layers = [
    { title: 'vmlinuz', bytes: kernel },
    { title: 'SHA256SUM', bytes: Buffer.from(sums) },
    // What ORAS says of a folder.
    { title: 'folder', bytes: await readFile(join(base, 'folder.tgz')), unpack: 'true' },
  ];
  const reference = `${registry.address}/artifact:1`;
  await pushArtifact(layers, reference);
  await extract(reference, '/');
  expect(await readFile(join(base, 'out/vmlinuz'))).toEqual(kernel);
  expect(Object.keys(await listed(join(base, 'out'))).sort()).toEqual([
    'SHA256SUM',
    'folder',
    'folder/x',
    'vmlinuz',
  ]);
});

it('writes nothing of an artifact whose files are not what its SHA256SUM says', async () => {
  const sums = `${'0'.repeat(64)}  vmlinuz\n`;
  const reference = `${registry.address}/wrong:1`;
  await pushArtifact(
    [
      { title: 'vmlinuz', bytes: Buffer.from('kernel') },
      { title: 'SHA256SUM', bytes: Buffer.from(sums) },
    ],
    reference,
  );
  const { exitCode, stderr } = await runCli(['extract', reference, 'vmlinuz', '--to', join(base, 'out')]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('/vmlinuz is not what /SHA256SUM of the image says it is');
  expect(await readdir(join(base, 'out'))).toEqual([]);
});

it('writes nothing for a title that leads out', async () => {
  const reference = `${registry.address}/hostile:1`;
  await pushArtifact([{ title: '../outside', bytes: Buffer.from('bad') }], reference);
  expect(await runCli(['extract', reference, '/', '--to', join(base, 'out')])).toMatchObject({ exitCode: 1 });
  expect(await readdir(base)).not.toContain('outside');
});

interface Titled {
  readonly title: string;
  readonly bytes: Buffer;
  readonly unpack?: string;
}

/** As `oras push` writes one: an empty config, and a title for each layer (OCI image-spec "Guidelines for Artifact Usage"). */
async function pushArtifact(files: readonly Titled[], reference: string): Promise<void> {
  const layout = join(base, 'artifact');
  await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
  const put = async (bytes: Buffer, mediaType: string): Promise<object> => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(layout, 'blobs/sha256', hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const layers = files.map(async ({ title, bytes, unpack }) => ({
    ...(await put(bytes, `application/vnd.oci.image.layer.v1.tar${unpack === undefined ? '' : '+gzip'}`)),
    annotations: {
      'org.opencontainers.image.title': title,
      ...(unpack === undefined ? {} : { 'io.deis.oras.content.unpack': unpack }),
    },
  }));
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType: 'application/vnd.example.netboot',
    config: await put(Buffer.from('{}'), 'application/vnd.oci.empty.v1+json'),
    layers: await Promise.all(layers),
  };
  const descriptor = await put(Buffer.from(JSON.stringify(manifest)), manifest.mediaType);
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
  await run(
    'skopeo',
    'copy',
    '--preserve-digests',
    '--dest-tls-verify=false',
    `oci:${layout}`,
    `docker://${reference}`,
  );
}

it('takes 150 MiB at most for a layer of 1 GiB', { timeout: 180_000 }, async () => {
  const container = (await buildah('from', 'scratch')).trim();
  const big = await open(join((await buildah('mount', container)).trim(), 'big'), 'w');
  for (let at = 0; at < 1024; at += 1)
    await big.write(at % 4 === 0 ? seededBytes(`${at}`, 2 ** 20) : Buffer.alloc(2 ** 20, 'not much in it, '));
  await big.close();
  const image = `${registry.address}/large:1`;
  await buildah('commit', container, 'large');
  await buildah('push', '--tls-verify=false', 'large', `docker://${image}`);

  // Bundled, as the product is: what Node needs to run TypeScript is not to be measured.
  const program = join(base, 'program');
  const entryPoints = [fileURLToPath(new URL('../../src/main.ts', import.meta.url))];
  const js = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  await build({
    entryPoints,
    outdir: program,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    banner: { js },
  });
  const tell = "process.on('exit', () => console.error(process.resourceUsage().maxRSS))";
  const argv = [`--import=data:text/javascript,${tell}`, join(program, 'main.mjs'), 'extract', image, 'big'];
  const { exitCode, stderr } = await runProgram(process.execPath, [...argv, '--to', join(base, 'out')]);
  expect(exitCode).toBe(0);
  expect((await lstat(join(base, 'out/big'))).size).toBe(2 ** 30);
  expect(Number(stderr.trim()) / 1024).toBeLessThanOrEqual(150);
});
