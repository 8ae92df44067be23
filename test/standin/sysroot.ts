import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type FetchedImage, type ImageName } from './fetch-os-image.ts';
import { run, tryRun } from './run.ts';

export interface OstreeDeployment {
  readonly index: number;
  readonly checksum: string;
  readonly serial: number;
  readonly rootPath: string;
  readonly kind: 'booted' | 'staged' | 'other';
  readonly locked: boolean;
  readonly pinned: boolean;
  readonly name: ImageName;
}

const repo = '--repo=/sysroot/ostree/repo';
const folder = '/sysroot/ostree/deploy/default/deploy';

/** Commits the tree of an OS image with what bootc keeps in a commit's metadata. */
export function commit({ digest, version, timestamp, architecture, treePath }: FetchedImage): string {
  const metadata = { 'ostree.manifest-digest': digest, version, timestamp, architecture };
  const options = Object.entries(metadata).map(
    ([key, value]) => `--add-metadata-string=${key}=${value ?? ''}`,
  );
  const branch = `--branch=ostree/container/image/${digest.replace(':', '_')}`;
  return run(['ostree', repo, 'commit', branch, `--tree=dir=${treePath}`, ...options]).trim();
}

/** Argument vector that deploys a commit. @param how `--stage`, `--lock-finalization`, `--sysroot=PATH` */
export function deployArgv(checksum: string, name: ImageName, how: readonly string[]): string[] {
  mkdirSync('/run/standin', { recursive: true });
  const origin = '/run/standin/origin';
  const prefix =
    name.transport === 'registry'
      ? 'ostree-unverified-registry'
      : `ostree-unverified-image:${name.transport}`;
  writeFileSync(origin, `[origin]\ncontainer-image-reference=${prefix}:${name.image}\n`);
  return ['ostree', 'admin', 'deploy', '--os=default', `--origin-file=${origin}`, ...how, checksum];
}

/** In the order in which ostree would boot them. */
export function deployments(): OstreeDeployment[] {
  const lines = run(['ostree', 'admin', 'status']).split('\n');
  const found: OstreeDeployment[] = [];
  for (const [at, line] of lines.entries()) {
    const [, mark, checksum = '', serial, state] =
      /^([* ]) default ([0-9a-f]{64})\.(\d+)(?: \((\w+)\))?/.exec(line) ?? [];
    if (serial === undefined) continue;
    const rest = lines.slice(
      at + 1,
      lines.findIndex((next, index) => index > at && / default /.test(next)) >>> 0,
    );
    found.push({
      index: found.length,
      checksum,
      serial: Number(serial),
      rootPath: `${folder}/${checksum}.${serial}`,
      kind: mark === '*' ? 'booted' : state === 'staged' ? 'staged' : 'other',
      locked: state === 'staged' && rest.some((text) => text.includes('finalization locked')),
      pinned: rest.some((text) => text.includes('Pinned: yes')),
      name: originOf(`${folder}/${checksum}.${serial}.origin`),
    });
  }
  return found;
}

/** What `commit` recorded. */
export function metadataOf(checksum: string, key: string): string | null {
  const { status, stdout } = tryRun(['ostree', repo, 'show', `--print-metadata-key=${key}`, checksum]);
  const value = stdout.trim().replace(/^'(.*)'$/, '$1');
  return status !== 0 || value === '' ? null : value;
}

function originOf(path: string): ImageName {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const [, registry, transport, image] =
    /^container-image-reference=(?:ostree-unverified-registry:(.*)|ostree-unverified-image:([^:]+):(.*))$/m.exec(
      text,
    ) ?? [];
  return registry === undefined
    ? { image: image ?? '', transport: transport ?? '' }
    : { image: registry, transport: 'registry' };
}
