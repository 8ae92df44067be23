import { backend, type Deployed } from './deployed.ts';
import { cachedUpdateOf } from './cached-update.ts';
import type { ImageName } from './fetch-os-image.ts';

/** The document of `bootc status --json --format-version=1`. */
export function statusDocument(): object {
  const all = backend().deployments();
  const booted = all.find(({ kind }) => kind === 'booted');
  const staged = all.find(({ kind }) => kind === 'staged');
  const [rollback, ...others] = all.filter(({ kind }) => kind === 'other');
  return {
    apiVersion: 'org.containers.bootc/v1',
    kind: 'BootcHost',
    metadata: { name: 'host' },
    spec: { bootOrder: rollbackQueued() ? 'rollback' : 'default', image: specImage() },
    status: {
      staged: entryOf(staged),
      booted: entryOf(booted),
      rollback: entryOf(rollback),
      otherDeployments: others.map(entryOf),
      rollbackQueued: rollbackQueued(),
      type: 'bootcHost',
    },
  };
}

/** The image that an upgrade follows: of what is staged, else of what is booted. */
export function specImage(): ImageName | null {
  const all = backend().deployments();
  const followed = all.find(({ kind }) => kind === 'staged') ?? all.find(({ kind }) => kind === 'booted');
  return followed?.name ?? null;
}

export function rollbackQueued(): boolean {
  return (
    backend()
      .deployments()
      .find(({ kind }) => kind !== 'staged')?.kind === 'other'
  );
}

function entryOf(deployed: Deployed | undefined): object | null {
  if (deployed === undefined) return null;
  const { kind, id, name, image, locked, pinned, entry } = deployed;
  const cached = kind === 'booted' ? cachedUpdateOf(id) : undefined;
  const isNews = cached !== undefined && cached.image.digest !== image.digest;
  return {
    image: imageEntry(name, image),
    cachedUpdate: isNews ? imageEntry(cached.name, cached.image) : null,
    incompatible: false,
    pinned,
    store: 'ostreeContainer',
    downloadOnly: locked,
    softRebootCapable: false,
    ...entry,
  };
}

function imageEntry(name: ImageName, { digest, ...image }: Deployed['image']): object {
  return { image: name, imageDigest: digest, ...image };
}
