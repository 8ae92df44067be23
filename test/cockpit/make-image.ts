import type { Image, Job } from '../../src/cockpit/bus/host.ts';

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

export function makeJob(change: Partial<Job> = {}): Job {
  return {
    path: '/org/boundimages1/job/1',
    operation: 'prefetch',
    images: [],
    state: 'running',
    progress: -1,
    bytesDone: 0,
    bytesTotal: 0,
    bytesPerSecond: 0,
    currentImage: '',
    cancelable: true,
    startTimeUs: 1,
    endTimeUs: 0,
    error: '',
    result: { freedBytes: 0, images: [], damaged: [] },
    ...change,
  };
}
