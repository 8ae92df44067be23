// `node run-job.ts REQUEST`: has the agent of this host do one job, given as JSON, and prints the job and the host's state when it
// has ended.
import { openAgent } from '../../src/agent/open-agent.ts';
import type { Job, JobRequest } from '../../src/model/host-agent.ts';

const request = JSON.parse(process.argv[2] ?? '') as JobRequest;
const log: string[] = [];
const { agent } = await openAgent(new AbortController().signal, (_, text) => void log.push(text));
await agent.refresh();
const ended = Promise.withResolvers<Job>();
agent.subscribe((change) => {
  if (change.kind === 'job' && change.after.endTimeUs > 0) ended.resolve(change.after);
});
await agent.prepare();
agent.start(request, 0);
const job = await ended.promise;
await agent.refresh();
const text = JSON.stringify({ job, state: agent.state(), log }, (_, value: unknown) =>
  typeof value === 'bigint' ? Number(value) : value,
);
process.stdout.write(text, () => process.exit());
