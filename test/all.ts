// `npm test`: every check and every test, one after another, and at last the line that sums up all runs of vitest.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countResults } from './host/results.ts';
import { builtRoot } from './host/root.ts';
import { builtRoot as builtMachine } from './machine/root.ts';

const project = join(import.meta.dirname, '..');
const results = await mkdtemp(join(tmpdir(), 'bound-images-results-'));
// Built beside the checks, which wait for the processor while this waits for the network. Where it fails, the host's tests try
// again and say why.
const stop = new AbortController();
const root = builtRoot(stop.signal)
  .then(async () => builtMachine(stop.signal))
  .catch(() => {});
try {
  // `rpm` builds the program too; the machine is installed from its packages.
  for (const script of ['check', 'rpm', 'test:host']) {
    if (script === 'test:host') await root;
    process.exitCode = await npmRun(script);
    if (process.exitCode !== 0) break;
  }
  const { passed, failed } = await countResults(results);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
} finally {
  stop.abort();
  await root;
  await rm(results, { recursive: true });
}

async function npmRun(script: string): Promise<number> {
  const env = { ...process.env, TEST_RESULTS: results };
  const child = spawn('npm', ['run', '--silent', script], { cwd: project, stdio: 'inherit', env });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status ?? 1;
}
