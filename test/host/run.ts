// `npm run test:host [FILTER...]`: the component tests inside a booted host, then the host tests outside. A filter is a part
// of a test file's path, or any option of vitest.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { glob, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootHost } from './boot.ts';
import { removeLeftovers } from './disk.ts';
import { countResults } from './results.ts';
import { builtRoot } from './root.ts';

const project = join(import.meta.dirname, '..', '..');
const vitest = join(project, 'node_modules', 'vitest', 'vitest.mjs');
const filters = process.argv.slice(2);
const given = process.env['TEST_RESULTS'];
const results = given ?? (await mkdtemp(join(tmpdir(), 'bound-images-results-')));
const resultsInside = '/run/test-results';
/** Ask a test for its long form. */
const longForms = ['KILLS', 'RACE_CALLS'] as const;

// What runs is stopped by them, and then its host and disk are removed as at any other end.
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

try {
  await builtRoot(stop.signal);
  const statuses = [await runComponent(), await runHost()];
  const { passed, failed } = await countResults(results);
  const none = passed + failed === 0;
  if (none) console.error(`no test ran${filters.length > 0 ? ` for ${filters.join(' ')}` : ''}`);
  process.exitCode = none ? 1 : (statuses.find((status) => status !== 0) ?? 0);
} catch (error) {
  if (!stop.signal.aborted) throw error;
  process.exitCode = 1;
} finally {
  await removeLeftovers();
  if (given === undefined) await rm(results, { recursive: true });
}

async function runComponent(): Promise<number> {
  await using host = await bootHost({
    name: 'component',
    binds: {
      [project]: project,
      '/usr/local/bin/node': process.execPath,
      [resultsInside]: { path: results, rw: true },
    },
  });
  const env = {
    TEST_RESULTS: resultsInside,
    CI: 'true',
    ...Object.fromEntries(
      longForms.flatMap((name) => (name in process.env ? [[name, process.env[name]]] : [])),
    ),
    ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
  };
  // Awaited here, or the host is gone before it has begun.
  return await run(host.command(['node', ...vitestArgv('component')], { workingFolder: project, env }));
}

async function runHost(): Promise<number> {
  const any = await glob('test/**/*.host.test.ts', { cwd: project })[Symbol.asyncIterator]().next();
  if (any.done === true) return 0;
  return run([process.execPath, ...vitestArgv('host')], { TEST_RESULTS: results });
}

function vitestArgv(name: string): string[] {
  // A filter may be for tests of the other kind; that none ran at all is checked at the end.
  const none = filters.length > 0 ? ['--passWithNoTests'] : [];
  // The usual loader writes beside the configuration, and the host has the project read-only.
  return [vitest, 'run', '--configLoader=native', '--project', name, ...none, ...filters];
}

async function run(
  [program, ...argv]: [string, ...string[]],
  env: Record<string, string> = {},
): Promise<number> {
  const child = spawn(program, argv, {
    cwd: project,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    signal: stop.signal,
  });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status ?? 1;
}
