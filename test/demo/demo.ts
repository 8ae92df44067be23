// `npm run demo`: the program on a root that binds three images, with real registry, skopeo and podman. All it makes lies in one
// temporary folder. Exits with 1 where anything is not as it is told.
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Failure } from '../../src/model/failure.ts';
import { busyboxLayer, makeImage, makeLayer } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeRoot } from './root.ts';
import { type Expected, show, tell, Unexpected } from './show.ts';
import { openUser } from './user.ts';

const program = relative(process.cwd(), join(import.meta.dirname, '../../dist/bound-images.js'));
// So that containers run as well where these cannot be set: inside another container, or for an ordinary user.
const modest = ['--cgroups=disabled', '--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024'];

// What runs is stopped by them, and then all is removed as at any other end.
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort());

try {
  await demonstrate(stop.signal);
} catch (error) {
  const known = error instanceof Unexpected || error instanceof Failure;
  const why = known ? error.message : (error as Error).stack;
  process.stderr.write(stop.signal.aborted ? '\nStopped.\n' : `\nThe demo failed: ${why}\n`);
  process.exitCode = 1;
}

async function demonstrate(signal: AbortSignal): Promise<void> {
  await using folder = await temporaryFolder();
  await using user = await openUser(folder.path);
  await using registry = await startRegistry();
  const [root, store] = [join(folder.path, 'os'), join(folder.path, 'store')];
  const boundImages = async (command: string, expected: Expected): Promise<void> =>
    show([...user.prefix, program, command, '--root', root, '--store', store], expected, signal);
  const podman = async (argv: string[], expected: Expected): Promise<void> => {
    // A store of the demo's own, so that it neither sees nor touches this machine's.
    const own = ['root', 'runroot', 'tmpdir'].map((name) => `--${name}=${folder.path}/${name}`);
    const stores = ['--storage-driver=overlay', `--storage-opt=additionalimagestore=${store}`];
    await show([...user.prefix, ...hideCgroups(), 'podman', ...own, ...stores, ...argv], expected, signal);
  };

  tell('An OS image binds three images: by tag, by digest, and one in a way that cannot be honoured.');
  const base = await busyboxLayer();
  const push = async (app: string): Promise<string> => {
    const layer = await makeLayer({ [`etc/${app}`]: `I am ${app}.\n` });
    const image = makeImage([base, layer], { command: ['cat', `/etc/${app}`] });
    return pushImage(image, `${registry.address}/${app}:1`);
  };
  await push('web');
  const web = `${registry.address}/web:1`;
  const database = `${registry.address}/database@${await push('database')}`;
  const unclear = `${registry.address}/%i:1`;
  await writeRoot(root, { 'web.image': web, 'database.image': database, 'broken.image': unclear });
  await show(['grep', '-r', '^Image=', root], { says: [web, database, unclear] }, signal);

  tell('None is there yet.');
  const problem = 'broken.image:2: error (bootc-specifier)';
  await boundImages('status', { exitCode: 3, says: ['0 of 2 bound images are present', problem] });
  tell('What they need: the layer that both share is counted once.');
  await boundImages('plan', { exitCode: 3, says: ['pull (missing)', 'shared layers counted once'] });
  tell('Make them present. The broken definition stops no other; exit status 4 tells of it.');
  await boundImages('prefetch', { exitCode: 4, says: ['2 pulled', '0 failed', problem] });
  await boundImages('status', { exitCode: 4, says: ['2 of 2 bound images are present', problem] });
  await boundImages('verify', { exitCode: 4, says: ['2 of 2 bound images present and whole'] });
  tell('Again: there is nothing to do, and the registry is asked nothing.');
  const asked = registry.requests().length;
  await boundImages('prefetch', { exitCode: 4, says: ['0 pulled, 2 already present'] });
  if (registry.requests().length !== asked)
    throw new Unexpected('it asked the registry, though all is there');

  tell("podman has them from the store, as a bootc host's does.");
  await podman(['images'], { says: [`${registry.address}/web`, `${registry.address}/database`] });
  const run = ['run', '--rm', '--network=none', '--pull=never', ...modest];
  await podman([...run, web], { says: ['I am web.'] });
  await podman([...run, database], { says: ['I am database.'] });
}

/** What stands before podman where cgroups are mixed: cgroups(7), "hybrid" in systemd's words. */
function hideCgroups(): string[] {
  if (!existsSync('/sys/fs/cgroup/unified')) return [];
  return ['unshare', '--mount', relative(process.cwd(), join(import.meta.dirname, 'without-cgroups.sh'))];
}
