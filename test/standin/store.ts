import { existsSync, writeFileSync } from 'node:fs';
import { boundImages } from './bound-images.ts';
import { backend } from './deployed.ts';
import { isOlder } from './older.ts';
import { run, tryRun } from './run.ts';

interface StoredImage {
  readonly Id: string;
  readonly Names?: readonly string[];
}

const authFiles = ['/run/ostree/auth.json', '/etc/ostree/auth.json', '/usr/lib/ostree/auth.json'];
const noLogins = '/run/standin/no-logins.json';

/** Pulls an image into bootc's store unless it has one of that name. @throws Error with what podman said */
export function pullInto(image: string): void {
  if (tryRun(podman('image', 'exists', image)).status === 0) return;
  writeFileSync(noLogins, '{}');
  const authFile = authFiles.find((path) => existsSync(path)) ?? noLogins;
  const { status, stderr } = tryRun(podman('pull', '--quiet', `--authfile=${authFile}`, image));
  if (status !== 0) throw new Error(`Pulling bound images: ${stderr.trim()}`);
}

/** Makes an empty store: until then podman cannot read it where it is read-only. */
export function initStore(): void {
  run(podman('image', 'list', '--quiet'));
}

/** Removes what no deployment names, by raw strings. @throws Error where podman does not remove it, or a definition cannot be read */
export function pruneStore(): void {
  const kept = new Set(
    backend()
      .deployments()
      .flatMap(({ rootPath, name }) =>
        // The composefs backend's garbage collection knows OS images alone.
        backend().folder === 'composefs' ? [name.image] : [name.image, ...boundImages(rootPath)],
      ),
  );
  const images = JSON.parse(run(podman('image', 'list', '--format=json'))) as StoredImage[];
  const garbage = images.filter(({ Names = [] }) =>
    isOlder() ? !Names.every((name) => kept.has(name)) : !Names.some((name) => kept.has(name)),
  );
  if (garbage.length === 0) return;
  const { status, stderr } = tryRun(podman('image', 'rm', ...garbage.map(({ Id }) => Id)));
  if (status !== 0) throw new Error(`Pruning images: ${stderr.trim()}`);
}

/** As bootc runs it: the store has one path for podman's database wherever it is, and the runtime state is a descriptor. */
function podman(...argv: readonly string[]): string[] {
  const script = [
    `store=/sysroot/${backend().folder}/bootc/storage`,
    'mkdir -p /run/bootc/storage "$store"',
    'exec 3</run/bootc/storage',
    'mount --bind "$store" /run/bootc/storage',
    'exec podman --root=/run/bootc/storage --runroot=/proc/self/fd/3 "$@"',
  ].join(' && ');
  return ['unshare', '--mount', '--propagation=private', 'sh', '-c', script, 'sh', ...argv];
}
