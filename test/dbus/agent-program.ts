// The service as systemd runs it, over an agent in memory: what the tests of activation, idle exit and hostile messages speak to.
import { serve } from '../../src/dbus/serve.ts';
import { memoryAgent, memoryImage } from './memory-agent.ts';

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const images = Array.from({ length: number('IMAGES', 2) }, (_, index) =>
  memoryImage(`quay.io/ex/app-${index}:1`),
);
const agent = memoryAgent(images, BigInt(Date.now()) * 1_000n);
const jobMs = number('JOB_MS', Infinity);
agent.subscribe((change) => {
  if (change.kind !== 'job' || change.before !== undefined || jobMs === Infinity) return;
  const { id } = change.after;
  setTimeout(() => agent.setJob(id, { state: 'succeeded' }), jobMs);
});
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
// The bus name is gone before we are, and systemd stops a unit whose name is gone.
process.on('SIGTERM', () => {});
await serve(agent, {
  version: String(process.pid),
  features: [],
  idleMs: number('IDLE_MS', 60_000),
  signal: stop.signal,
  onDefect: (failure) => void process.stderr.write(`defect: ${failure.stack}\n`),
});
