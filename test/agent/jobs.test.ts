import { expect, it, vi } from 'vitest';
import { createJobs, type JobChange, type JobContext } from '../../src/agent/jobs.ts';
import { Failure } from '../../src/model/failure.ts';
import type { Job, JobRequest, JobResult } from '../../src/model/host-agent.ts';

const gc: JobRequest = { operation: 'gc', dryRun: true };

interface Begun {
  readonly context: JobContext;
  readonly succeed: (result: JobResult) => void;
  readonly fail: (error: unknown) => void;
}

/** Jobs whose work ends when the test says so. */
function jobsAtHand(keepMs = 60_000) {
  const changes: JobChange[] = [];
  const begun: Begun[] = [];
  let id = 6n;
  const jobs = createJobs({
    run: async (_, context) => {
      const { promise, resolve: succeed, reject: fail } = Promise.withResolvers<JobResult>();
      begun.push({ context, succeed, fail });
      return promise;
    },
    nextId: () => (id += 1n),
    nowUs: () => 5,
    onChange: (change) => void changes.push(change),
    keepMs,
  });
  const job = (which: bigint): Job | undefined => jobs.list().find((one) => one.id === which);
  return { jobs, begun, changes, job };
}

it('tells of a job before start() returns, and runs it afterwards', async () => {
  const { jobs, begun, changes, job } = jobsAtHand();
  const { id } = jobs.start(gc, [], 1000);
  expect(changes).toMatchObject([{ kind: 'job', before: undefined, after: { id: 7n, state: 'queued' } }]);
  await vi.waitFor(() => expect(begun).toHaveLength(1));
  expect(job(id)).toMatchObject({ state: 'running', startedByUid: 1000, cancelable: true });
});

it('runs one job after the other', async () => {
  const { jobs, begun, job } = jobsAtHand();
  const first = jobs.start(gc, [], 0);
  const second = jobs.start(gc, [], 0);
  await vi.waitFor(() => expect(begun).toHaveLength(1));
  expect(job(second.id)?.state).toBe('queued');
  begun[0]?.succeed({ freedBytes: 3 });
  await vi.waitFor(() => expect(begun).toHaveLength(2));
  expect(job(first.id)).toMatchObject({
    state: 'succeeded',
    progress: 1,
    result: { freedBytes: 3 },
    cancelable: false,
  });
});

it('lets what only reads not wait for what fetches', async () => {
  const { jobs, begun, job } = jobsAtHand();
  jobs.start(gc, [], 0);
  const verify = { operation: 'verify', images: [], scope: 'booted', deep: false, repair: false } as const;
  const { id } = jobs.start(verify, [], 0);
  const repair = jobs.start({ ...verify, repair: true }, [], 0);
  await vi.waitFor(() => expect(begun).toHaveLength(2));
  expect([job(id)?.state, job(repair.id)?.state]).toEqual(['running', 'queued']);
  begun[1]?.succeed({});
  await vi.waitFor(() => expect(job(id)?.state).toBe('succeeded'));
});

it('keeps the reason of a failure, and begins the next job all the same', async () => {
  const { jobs, begun, job } = jobsAtHand();
  const first = jobs.start(gc, [], 0);
  jobs.start(gc, [], 0);
  await vi.waitFor(() => expect(begun).toHaveLength(1));
  begun[0]?.fail(new Failure('NoSpace', 'the disk is full'));
  await vi.waitFor(() => expect(begun).toHaveLength(2));
  expect(job(first.id)).toMatchObject({
    state: 'failed',
    error: { code: 'NoSpace', text: 'the disk is full' },
  });
});

it('cancels a running job by its signal', async () => {
  const { jobs, begun, job } = jobsAtHand();
  const { id } = jobs.start(gc, [], 0);
  await vi.waitFor(() => expect(begun).toHaveLength(1));
  jobs.cancel(id);
  jobs.cancel(id);
  expect(job(id)).toMatchObject({ state: 'cancelling', cancelable: false });
  const { signal } = begun[0]?.context ?? { signal: undefined };
  expect(signal?.aborted).toBe(true);
  begun[0]?.fail(signal?.reason);
  await vi.waitFor(() => expect(job(id)?.state).toBe('cancelled'));
});

it('never begins a job that was cancelled while it waited', async () => {
  const { jobs, begun, job } = jobsAtHand();
  jobs.start(gc, [], 0);
  const waiting = jobs.start(gc, [], 0);
  await vi.waitFor(() => expect(begun).toHaveLength(1));
  jobs.cancel(waiting.id);
  expect(job(waiting.id)?.state).toBe('cancelled');
  begun[0]?.succeed({});
  await jobs.drain();
  expect(begun).toHaveLength(1);
});

it('forgets a job some time after it ended', async () => {
  const { jobs, begun, changes } = jobsAtHand(1);
  const { id } = jobs.start(gc, [], 0);
  await vi.waitFor(() => expect(begun).toHaveLength(1));
  begun[0]?.succeed({});
  await vi.waitFor(() =>
    expect(changes.at(-1)).toMatchObject({ kind: 'job-removed', job: { id, state: 'succeeded' } }),
  );
  expect(() => jobs.cancel(id)).toThrow(/there is no job 7/);
});

it('drains: waits for what runs, and accepts no more', async () => {
  const { jobs, begun } = jobsAtHand();
  jobs.start(gc, [], 0);
  await vi.waitFor(() => expect(begun).toHaveLength(1));
  let drained = false;
  const drain = jobs.drain().then(() => (drained = true));
  expect(() => jobs.start(gc, [], 0)).toThrow(Failure);
  expect(drained).toBe(false);
  begun[0]?.succeed({});
  await drain;
  expect(drained).toBe(true);
});
