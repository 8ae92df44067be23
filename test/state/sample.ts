import { asDigest, type Digest } from '../../src/model/digest.ts';
import type { HostState, ImageState } from '../../src/model/host-state.ts';

export function digestOf(character: string): Digest {
  const digest = asDigest(`sha256:${character.repeat(64)}`);
  if (digest === undefined) throw new Error(`${character} is no hex digit`);
  return digest;
}

export function imageState(reference: string, state: ImageState['state']): ImageState {
  return {
    reference,
    state,
    boundBy: [{ slot: 'booted', file: '/usr/share/containers/systemd/app.image' }],
    sizeBytes: 10,
    signaturePolicy: 'insecureAcceptAnything',
    lastPulledUs: 0,
    lastVerifiedUs: 0,
  };
}

export const hostState: HostState = {
  state: 'incomplete',
  nextBoot: { verdict: 'waiting', reason: 'two images are missing' },
  deployments: [],
  problems: [
    { file: '/x', code: 'untagged', text: 'text', severity: 'warning', failsBootc: false, slot: 'booted' },
  ],
  images: [
    { ...imageState('quay.io/ex/app:1', 'present'), digest: digestOf('a') },
    { ...imageState('quay.io/ex/web:1', 'fetching'), bytesToFetch: 1000, job: 7n },
    { ...imageState('quay.io/ex/db:1', 'missing'), bytesToFetch: 500 },
  ],
  store: { path: '/usr/lib/bootc/storage', mode: 'bootc' },
  storageBytes: 12_345,
  space: { sharedBytes: 0, unboundBytes: 0 },
  lastRefreshUs: 1_795_000_000_250_000,
};
