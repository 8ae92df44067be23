import type { Digest } from '../../src/model/digest.ts';
import type { JobRecord } from '../../src/model/host-agent.ts';
import type { ImageState } from '../../src/model/host-state.ts';
import type { Scene } from './scene-agent.ts';

const hour = 3_600_000_000;

function digestOf(number: number): Digest {
  return `sha256:${(number * 2_654_435_761).toString(16).padStart(12, '0').repeat(6).slice(0, 64)}` as Digest;
}

const file = (name: string): string => `/usr/lib/bootc/bound-images.d/${name}.image`;

function image(reference: string, number: number, change: Partial<ImageState> = {}): ImageState {
  const name = reference.replace(/^.*\//, '').replace(/[:@].*$/, '');
  return {
    reference,
    state: 'present',
    digest: digestOf(number),
    boundBy: [{ slot: 'booted', file: file(name) }],
    sizeBytes: 41_000_000 * (number % 9) + 12_300_000,
    bytesToFetch: 0,
    signaturePolicy: 'sigstoreSigned',
    lastPulledUs: 1_792_000_000_000_000 + hour * (number % 3),
    lastVerifiedUs: 1_794_000_000_000_000,
    ...change,
  };
}

const booted = {
  slot: 'booted',
  osImage: 'docker://quay.io/example/os:stable',
  version: '42.20261103.0',
  digest: digestOf(91),
  state: 'ready',
  storageBytes: 364_900_000,
  ownBytes: 229_600_000,
} as const;
const candidate = {
  slot: 'candidate',
  osImage: 'docker://quay.io/example/os:stable',
  version: '42.20261117.0',
  digest: digestOf(93),
  state: 'incomplete',
  storageBytes: 0,
  ownBytes: 0,
} as const;

const minute = 60_000_000;
const record = (id: number, minutesAgo: number, change: Partial<JobRecord>): JobRecord => {
  const endTimeUs = 1_795_000_000_000_000 - minutesAgo * minute;
  return {
    id: BigInt(id),
    operation: 'prefetch',
    startedByUid: 0,
    startTimeUs: endTimeUs - 3_000_000,
    endTimeUs,
    result: 'succeeded',
    fetchedBytes: 0,
    freedBytes: 0,
    images: [],
    imagesTotal: 0,
    damagedTotal: 0,
    ...change,
  };
};
const took = (one: JobRecord, minutes: number): JobRecord => ({
  ...one,
  startTimeUs: one.endTimeUs - minutes * minute,
});

/** Of some weeks. */
const history: readonly JobRecord[] = [
  record(41, 12, {}),
  record(40, 50, {
    operation: 'gc',
    freedBytes: 345_000_000,
    images: ['quay.io/example/web:2.12'],
    imagesTotal: 1,
  }),
  took(record(39, 1_300, { operation: 'upgrade', fetchedBytes: 182_400_000 }), 3),
  took(
    record(38, 1_440, {
      fetchedBytes: 217_300_000,
      images: ['quay.io/example/api:2.14', 'quay.io/example/web:2.14'],
      imagesTotal: 2,
    }),
    4,
  ),
  record(37, 2_900, {
    result: 'failed',
    error: {
      code: 'NotFound',
      text: 'quay.io/example/api:2.14: the registry has no such image (and 1 more image failed)',
    },
  }),
  took(record(36, 4_400, { operation: 'verify' }), 2),
  took(record(35, 5_800, { result: 'cancelled', fetchedBytes: 61_000_000 }), 1),
  ...Array.from({ length: 6 }, (_, index) =>
    took(
      record(30 - index, 10_000 * (index + 1), {
        fetchedBytes: 98_000_000,
        images: [`quay.io/example/web:2.${13 - index}`],
        imagesTotal: 1,
      }),
      2,
    ),
  ),
];

/** All is well: what a host shows on most days. */
export const ready: Scene = {
  state: {
    state: 'ready',
    nextBoot: { verdict: 'ready', reason: 'The booted deployment boots again, and has all its images.' },
    deployments: [
      booted,
      {
        slot: 'rollback',
        osImage: 'docker://quay.io/example/os:stable',
        version: '42.20261020.0',
        digest: digestOf(92),
        state: 'ready',
        storageBytes: 261_500_000,
        ownBytes: 126_200_000,
      },
    ],
    images: [
      image('quay.io/example/api:2.14', 5),
      image('quay.io/example/web:2.14', 3, {
        boundBy: [
          { slot: 'booted', file: file('web') },
          { slot: 'rollback', file: file('web') },
        ],
      }),
      image('docker.io/library/postgres:17', 9, { signaturePolicy: 'insecureAcceptAnything' }),
      image('quay.io/example/web:2.13', 4, { boundBy: [{ slot: 'rollback', file: file('web') }] }),
    ],
    store: { path: '/usr/lib/bootc/storage', mode: 'bootc' },
    // web:2.13 stands on 50.1 MB of web:2.14, which both bind.
    storageBytes: 498_000_000,
    space: { sharedBytes: 135_300_000, unboundBytes: 6_900_000, freeBytes: 31_400_000_000 },
  },
  history,
};

/** An upgrade is known whose images are being fetched, one is damaged, and a definition is wrong. */
export const busy: Scene = {
  history,
  state: {
    ...ready.state,
    state: 'damaged',
    nextBoot: {
      verdict: 'waiting',
      reason: 'quay.io/example/os:stable (staged) lacks 2 images; they are being fetched.',
    },
    deployments: [
      { ...booted, state: 'damaged' },
      { ...candidate, slot: 'staged' },
      ...(ready.state?.deployments?.slice(1) ?? []),
    ],
    problems: [
      {
        slot: 'staged',
        file: file('metrics'),
        line: 4,
        code: 'bootc-specifier',
        text: 'Image= has a % that is not doubled: write quay.io/example/metrics:1%%2.',
        severity: 'error',
        failsBootc: true,
      },
    ],
    images: [
      ...(ready.state?.images ?? []).map((one, index) =>
        index === 2
          ? {
              ...one,
              state: 'damaged' as const,
              lastError: {
                code: 'StoreDamaged' as const,
                text: 'docker.io/library/postgres:17: the layer sha256:0b1c… has lost 3 files. Run bound-images verify --repair.',
              },
            }
          : one,
      ),
      image('quay.io/example/api:2.15', 6, {
        state: 'fetching',
        boundBy: [{ slot: 'staged', file: file('api') }],
        sizeBytes: 0,
        bytesToFetch: 312_400_000,
        lastPulledUs: 0,
        lastVerifiedUs: 0,
      }),
      image('quay.io/example/web:2.15', 7, {
        state: 'missing',
        boundBy: [{ slot: 'staged', file: file('web') }],
        sizeBytes: 0,
        bytesToFetch: 98_000_000,
        lastPulledUs: 0,
        lastVerifiedUs: 0,
      }),
    ].map((one) => {
      if (one.state !== 'fetching' && one.state !== 'missing') return one;
      const { digest: _, ...rest } = one;
      return rest;
    }),
  },
  outcomes: {
    prefetch: {
      images: ['quay.io/example/api:2.15', 'quay.io/example/web:2.15'],
      progress: 0.42,
      bytesDone: 172_000_000,
      bytesTotal: 410_400_000,
      bytesPerSecond: 11_300_000,
      currentImage: 'quay.io/example/api:2.15',
    },
  },
};

/** So many images that drawing them takes time. */
export const many: Scene = {
  state: {
    ...ready.state,
    images: Array.from({ length: 200 }, (_, index) =>
      image(`quay.io/example/app-${String(index).padStart(3, '0')}:1`, index),
    ),
    storageBytes: 22_000_000_000,
  },
};

export const nothingBound: Scene = {
  state: {
    ...ready.state,
    deployments: (ready.state?.deployments ?? []).map((one) => ({ ...one, storageBytes: 0, ownBytes: 0 })),
    images: [],
    storageBytes: 0,
    space: { sharedBytes: 0, unboundBytes: 0, freeBytes: 31_400_000_000 },
  },
};

export const notBootc: Scene = {
  state: {
    state: 'unknown',
    nextBoot: { verdict: 'none', reason: 'This is not a bootc host.' },
    deployments: [],
    problems: [],
    images: [],
  },
};

/** What cleaning up would take, and took. */
export const garbage: Scene = {
  ...ready,
  state: {
    ...ready.state,
    storageBytes: 836_100_000,
    space: { sharedBytes: 135_300_000, unboundBytes: 345_000_000, freeBytes: 31_400_000_000 },
  },
  outcomes: {
    gc: {
      state: 'succeeded',
      endTimeUs: 1_795_000_000_000_000,
      result: { freedBytes: 345_000_000, images: ['quay.io/example/web:2.12', 'quay.io/example/api:2.13'] },
    },
  },
};
