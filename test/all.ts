// `npm test`: every check and every test, one after another, and at last the line that sums up all runs of vitest.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countResults } from './host/results.ts';

const project = join(import.meta.dirname, '..');
const results = await mkdtemp(join(tmpdir(), 'bound-images-results-'));
try {
  for (const script of ['check', 'build', 'test:host']) {
    process.exitCode = await npmRun(script);
    if (process.exitCode !== 0) break;
  }
  const { passed, failed } = await countResults(results);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
} finally {
  await rm(results, { recursive: true });
}

async function npmRun(script: string): Promise<number> {
  const env = { ...process.env, TEST_RESULTS: results };
  const child = spawn('npm', ['run', '--silent', script], { cwd: project, stdio: 'inherit', env });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status ?? 1;
}
