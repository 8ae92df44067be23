import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Backend, Deployed } from './deployed.ts';
import type { FetchedImage, ImageName } from './fetch-os-image.ts';
import { run, tryRun } from './run.ts';

const repo = '--repo=/sysroot/ostree/repo';
const folder = '/sysroot/ostree/deploy/default/deploy';

/** The real ostree's own deployments. */
export const ostree: Backend = {
  folder: 'ostree',
  deployments: () => parseStatus(run(['ostree', 'admin', 'status'])),
  install: (image, name) => {
    run(deployArgv(image, name, ['--sysroot=/sysroot']));
  },
  stage: (image, name, locked) =>
    underOurLock(deployArgv(image, name, ['--stage', ...(locked ? ['--lock-finalization'] : [])])),
  setLocked: (locked) =>
    underOurLock(['ostree', 'admin', 'lock-finalization', ...(locked ? [] : ['--unlock'])]),
  bootNext: (id) => {
    if (ostree.deployments()[0]?.kind === 'staged') underOurLock(['ostree', 'admin', 'undeploy', '0']);
    const index = ostree.deployments().findIndex((each) => each.id === id);
    underOurLock(['ostree', 'admin', 'set-default', String(index)]);
  },
};

/** `ostree admin` takes the lock that we hold, as bootc, being the same process, need not: it gets another file to lock. */
function underOurLock(argv: readonly string[]): void {
  const script =
    'touch /run/standin/lock && mount --bind /run/standin/lock /sysroot/ostree/lock && exec "$@"';
  run(['unshare', '--mount', '--propagation=private', 'sh', '-c', script, 'sh', ...argv]);
}

function deployArgv(image: FetchedImage, name: ImageName, how: readonly string[]): string[] {
  mkdirSync('/run/standin', { recursive: true });
  const origin = '/run/standin/origin';
  writeFileSync(origin, originText(name));
  return ['ostree', 'admin', 'deploy', '--os=default', `--origin-file=${origin}`, ...how, commit(image)];
}

/** Commits the tree with what bootc keeps in a commit's metadata. */
function commit({ digest, version, timestamp, architecture, treePath }: FetchedImage): string {
  const metadata = { 'ostree.manifest-digest': digest, version, timestamp, architecture };
  const options = Object.entries(metadata).map(
    ([key, value]) => `--add-metadata-string=${key}=${value ?? ''}`,
  );
  const branch = `--branch=ostree/container/image/${digest.replace(':', '_')}`;
  // The labels of the folder that the image was unpacked in are not the image's own.
  return run(['ostree', repo, 'commit', branch, `--tree=dir=${treePath}`, '--no-xattrs', ...options]).trim();
}

function parseStatus(text: string): Deployed[] {
  // One deployment has a line with its name, and lines that say more of it, which are indented further.
  const blocks = text.split(/\n(?=[* ] \S)/);
  return blocks.flatMap((block) => {
    const [, mark, checksum = '', serial, state = ''] =
      /^([* ]) default ([0-9a-f]{64})\.(\d+)(?: \(([^)]+)\))?/.exec(block) ?? [];
    if (serial === undefined) return [];
    const locked = state === 'finalization locked';
    const rootPath = `${folder}/${checksum}.${serial}`;
    return {
      kind: mark === '*' ? 'booted' : locked || state === 'staged' ? 'staged' : 'other',
      id: `${checksum}.${serial}`,
      rootPath,
      locked,
      pinned: block.includes('Pinned: yes'),
      name: parseOrigin(`${rootPath}.origin`),
      image: {
        digest: metadataOf(checksum, 'ostree.manifest-digest') ?? '',
        version: metadataOf(checksum, 'version'),
        timestamp: metadataOf(checksum, 'timestamp'),
        architecture: metadataOf(checksum, 'architecture') ?? '',
      },
      entry: { ostree: { checksum, deploySerial: Number(serial), stateroot: 'default' }, composefs: null },
    } satisfies Deployed;
  });
}

function metadataOf(checksum: string, key: string): string | null {
  const { status, stdout } = tryRun(['ostree', repo, 'show', `--print-metadata-key=${key}`, checksum]);
  const value = stdout.trim().replace(/^'(.*)'$/, '$1');
  return status !== 0 || value === '' ? null : value;
}

/** The origin file of a deployment (ostree-ext, "container-image-reference"). */
export function originText({ image, transport }: ImageName): string {
  const kind =
    transport === 'registry' ? 'ostree-unverified-registry' : `ostree-unverified-image:${transport}`;
  return `[origin]\ncontainer-image-reference=${kind}:${image}\n`;
}

export function parseOrigin(path: string): ImageName {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const registry = /^container-image-reference=ostree-unverified-registry:(.*)$/m.exec(text)?.[1];
  if (registry !== undefined) return { image: registry, transport: 'registry' };
  const [, transport = '', image = ''] =
    /^container-image-reference=ostree-unverified-image:([^:]+):(.*)$/m.exec(text) ?? [];
  return { image, transport };
}
