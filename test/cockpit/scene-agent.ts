// The service over an agent in memory that shows what a file says, again whenever the file changes: states that are hard to make for
// real. Part of the tests, in place of `bound-images agent`.
import { existsSync, readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { recordOf } from '../../src/agent/job-history.ts';
import { serve } from '../../src/dbus/serve.ts';
import type { Job, JobRecord, Operation } from '../../src/model/host-agent.ts';
import type { HostState } from '../../src/model/host-state.ts';
import { remember } from '../../src/state/history.ts';
import { memoryAgent } from '../dbus/memory-agent.ts';

/** Numbers stand for the ids of jobs. */
export interface Scene {
  readonly state?: Partial<HostState>;
  /** What becomes of a job when it begins, by what it does. */
  readonly outcomes?: Partial<Record<Operation, Partial<Job>>>;
  /** Changes of jobs that run, by their place in the order of their beginning. */
  readonly jobs?: readonly Partial<Job>[];
  /** It does not start, with this as its last word. */
  readonly defect?: string;
  /** A named pipe that something has to be written to before it starts. */
  readonly waitsFor?: string;
  readonly idleMs?: number;
  /** What has ended before; what ends from now on is added. */
  readonly history?: readonly (Omit<JobRecord, 'id'> & { readonly id: number | bigint })[];
}

const path = '/run/scene/scene.json';

function readScene(): Scene {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Scene) : {};
}

const first = readScene();
if (first.defect !== undefined) {
  process.stderr.write(`${first.defect}\n`);
  process.exit(1);
}
if (first.waitsFor !== undefined) readFileSync(first.waitsFor);
const agent = memoryAgent(first.state?.images ?? [], BigInt(Date.now()) * 1_000n);
const nowUs = (): number => Date.now() * 1_000;
let scene = first;

function apply(): void {
  if (scene.state !== undefined) agent.setState(scene.state);
  const jobs = agent.jobs();
  for (const [index, change] of (scene.jobs ?? []).entries()) {
    const job = jobs[index];
    if (job !== undefined) agent.setJob(job.id, change);
  }
}

apply();
agent.setHistory((first.history ?? []).map((record) => ({ ...record, id: BigInt(record.id) })));
agent.subscribe((change) => {
  if (change.kind !== 'job') return;
  const record = recordOf(change.after, { fetchedBytes: change.after.bytesDone, pulled: new Set() });
  if (record !== undefined) agent.setHistory(remember(agent.history(), record));
  if (change.before !== undefined) return;
  const { id, operation } = change.after;
  const outcome = scene.outcomes?.[operation];
  setImmediate(() => agent.setJob(id, { startTimeUs: nowUs(), ...outcome }));
});
watch(dirname(path), (_event, name) => {
  if (name !== 'scene.json') return;
  scene = readScene();
  apply();
});

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.on('SIGTERM', () => {});
await serve(agent, {
  version: '0',
  features: [],
  signal: stop.signal,
  ...(first.idleMs === undefined ? {} : { idleMs: first.idleMs }),
  onDefect: (failure) => void process.stderr.write(`defect: ${failure.stack}\n`),
});
process.exit(0);
