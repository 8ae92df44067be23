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
  // The labels of the folder that it was unpacked in are not its own. As ostree-ext labels what it merges ("store.rs"): by the policy in
  // the image, which is the host's here, where there is one.
  const labels = ['--no-xattrs', '--selinux-policy=/'];
  return run(['ostree', repo, 'commit', branch, `--tree=dir=${treePath}`, ...labels, ...options]).trim();
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
    const metadata = metadataOf(checksum);
    return {
      kind: mark === '*' ? 'booted' : locked || state === 'staged' ? 'staged' : 'other',
      id: `${checksum}.${serial}`,
      rootPath,
      locked,
      pinned: block.includes('Pinned: yes'),
      name: parseOrigin(`${rootPath}.origin`),
      image: {
        digest: metadata.get('ostree.manifest-digest') ?? '',
        version: metadata.get('version') || null,
        timestamp: metadata.get('timestamp') || null,
        architecture: metadata.get('architecture') ?? '',
      },
      entry: { ostree: { checksum, deploySerial: Number(serial), stateroot: 'default' }, composefs: null },
    } satisfies Deployed;
  });
}

/** The strings in a commit's metadata, in one go: under software emulation each start of ostree counts. */
function metadataOf(checksum: string): ReadonlyMap<string, string> {
  const { stdout } = tryRun(['ostree', repo, 'show', '--raw', checksum]);
  // GVariant's text format: 'key': <'value'>
  const strings = stdout.matchAll(/'([\w.-]+)': <'([^']*)'>/g);
  return new Map([...strings].map(([, key = '', value = '']) => [key, value]));
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
