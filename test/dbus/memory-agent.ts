import { Failure } from '../../src/model/failure.ts';
import type {
  AgentChange,
  HostAgent,
  Job,
  JobRecord,
  JobRequest,
  JobState,
} from '../../src/model/host-agent.ts';
import type { HostState, ImageState } from '../../src/model/host-state.ts';

export interface MemoryAgent extends HostAgent {
  readonly setState: (change: Partial<HostState>) => void;
  readonly setJob: (id: bigint, change: Partial<Job>) => void;
  readonly setHistory: (records: readonly JobRecord[]) => void;
  readonly removeJob: (id: bigint) => void;
  /** What was asked of it, in order. */
  readonly asked: readonly string[];
}

/** A HostAgent whose work is nothing: what the bus shows of one is what these tests are about. Jobs begin `running` and stay so until told. */
export function memoryAgent(images: readonly ImageState[] = [], firstId = 1n): MemoryAgent {
  let state: HostState = { ...emptyState, images };
  let jobs: readonly Job[] = [];
  let history: readonly JobRecord[] = [];
  let nextId = firstId;
  const asked: string[] = [];
  const listeners = new Set<(change: AgentChange) => void>();
  const tell = (change: AgentChange): void => listeners.forEach((listener) => listener(change));

  const setState = (change: Partial<HostState>): void => {
    const before = state;
    state = { ...state, ...change };
    tell({ kind: 'state', before, after: state });
  };
  const setJob = (id: bigint, change: Partial<Job>): void => {
    const before = jobs.find((job) => job.id === id);
    if (before === undefined) throw new Failure('NotFound', `no job ${id}`);
    const after = { ...before, ...change };
    jobs = jobs.map((job) => (job === before ? after : job));
    tell({ kind: 'job', before, after });
  };
  const removeJob = (id: bigint): void => {
    const job = jobs.find((job) => job.id === id);
    jobs = jobs.filter((one) => one !== job);
    if (job !== undefined) tell({ kind: 'job-removed', job });
  };
  return {
    state: () => state,
    jobs: () => jobs,
    history: () => history,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    refresh: async () => {
      asked.push('refresh');
      await new Promise((resolve) => setImmediate(resolve));
      setState({ lastRefreshUs: state.lastRefreshUs + 1 });
    },
    plan: async (osImage) => {
      asked.push(`plan ${osImage}`);
      if (osImage === 'defect') throw new Error('/secret/path of a defect');
      if (osImage === 'missing') throw new Failure('NotFound', 'the registry has no such image');
      const planned = images.map(({ reference, state }) => ({ reference, state, bytesToFetch: 5 }));
      return {
        osImage,
        version: '43.1',
        images: planned,
        bytesToFetch: 5 * images.length,
        bytesOnDisk: 7_000,
      };
    },
    prepare: async () => {},
    start: (request, uid) => {
      asked.push(`start ${JSON.stringify(request)} ${uid}`);
      const job = newJob(nextId, request, uid);
      nextId += 1n;
      jobs = [...jobs, job];
      tell({ kind: 'job', before: undefined, after: job });
      return job;
    },
    cancel: (id) => {
      asked.push(`cancel ${id}`);
      const job = jobs.find((job) => job.id === id);
      if (job === undefined) throw new Failure('NotFound', `no job ${id}`);
      if (!ended(job.state)) setJob(id, { state: 'cancelled', endTimeUs: 2 });
    },
    drain: async () => {},
    setState,
    setHistory: (records) => {
      history = records;
    },
    setJob,
    removeJob,
    asked,
  };
}

export function memoryImage(reference: string, change: Partial<ImageState> = {}): ImageState {
  return {
    reference,
    state: 'present',
    boundBy: [{ slot: 'booted', file: '/usr/lib/bootc/bound-images.d/app.image' }],
    sizeBytes: 1_000_000,
    bytesToFetch: 0,
    signaturePolicy: 'insecureAcceptAnything',
    lastPulledUs: 1_700_000_000_000_000,
    lastVerifiedUs: 0,
    ...change,
  };
}

function newJob(id: bigint, request: JobRequest, uid: number): Job {
  return {
    id,
    operation: request.operation,
    images: 'images' in request ? request.images : [],
    startedByUid: uid,
    startTimeUs: 1,
    state: 'running',
    bytesDone: 0,
    bytesTotal: 0,
    bytesPerSecond: 0,
    currentImage: '',
    cancelable: true,
    endTimeUs: 0,
    result: {},
  };
}

function ended(state: JobState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

const emptyState: HostState = {
  state: 'ready',
  nextBoot: { verdict: 'none', reason: 'nothing is staged' },
  deployments: [
    {
      slot: 'booted',
      osImage: 'docker://quay.io/ex/os:latest',
      version: '42.1',
      state: 'ready',
      storageBytes: 7,
      ownBytes: 5,
    },
  ],
  problems: [],
  images: [],
  store: { path: '/usr/lib/bootc/storage', mode: 'bootc' },
  storageBytes: 10,
  space: { sharedBytes: 2, unboundBytes: 3, freeBytes: 1_000 },
  lastRefreshUs: 0,
};
