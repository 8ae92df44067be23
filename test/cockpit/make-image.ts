import type { Deployment, Image } from '../../src/cockpit/bus/host.ts';

export function makeImage(change: Partial<Image> = {}): Image {
  return {
    reference: 'quay.io/ex/app:1',
    state: 'present',
    digest: 'sha256:aa',
    expectedDigest: '',
    boundBy: [{ slot: 'booted', file: '/usr/lib/bootc/bound-images.d/app.image' }],
    sizeBytes: 100,
    bytesToFetch: 0,
    signaturePolicy: 'insecureAcceptAnything',
    lastPulledUs: 0,
    lastVerifiedUs: 0,
    lastError: '',
    ...change,
  };
}

export function makeDeployment(change: Partial<Deployment> = {}): Deployment {
  return {
    slot: 'booted',
    osImage: 'docker://quay.io/ex/os:42',
    digest: 'sha256:bb',
    version: '42.1',
    state: 'ready',
    storageBytes: 0,
    ownBytes: 0,
    ...change,
  };
}
